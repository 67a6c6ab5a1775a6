;; The inner loop of the resampler as WebAssembly with SIMD: what `convolvePhases` in convolution.ts does, in f32. Its bytes
;; are in simd-kernel.ts. After a change here, this writes them anew:
;;   npx vitest run --project unit test/unit/simd-kernel.test.ts --update
;;
;; The memory holds one row of coefficients for each phase, from address 0, then the input, then the output; simd-convolver.ts
;; lays it out. All addresses, and $width and $step, are in bytes. Rows are padded with zeros to whole turns of the inner loop.
(module
  (memory (export "memory") 0)

  (func (export "convolve")
    (param $width i32)  ;; of a row: a multiple of 64
    (param $up i32)     ;; phases within one input sample
    (param $step i32)   ;; from one output to the next: whole input samples …
    (param $rest i32)   ;; … and what remains, in phases
    (param $input i32)  ;; where the first output's input begins
    (param $phase i32)  ;; of the first output
    (param $output i32) ;; where the first output goes
    (param $end i32)    ;; behind the last output, of which there is at least one
    (local $row i32)
    (local $rowEnd i32)
    (local $at i32)
    ;; Sixteen running sums: fewer would wait for every addition, and each adds so little that f32 is exact enough.
    (local $a v128)
    (local $b v128)
    (local $c v128)
    (local $d v128)

    (loop $nextOutput
      (local.set $row (i32.mul (local.get $phase) (local.get $width)))
      (local.set $rowEnd (i32.add (local.get $row) (local.get $width)))
      (local.set $at (local.get $input))
      (local.set $a (local.tee $b (local.tee $c (local.tee $d (f32x4.splat (f32.const 0))))))

      (loop $nextTaps
        (local.set $a (f32x4.add (local.get $a)
          (f32x4.mul (v128.load (local.get $row)) (v128.load (local.get $at)))))
        (local.set $b (f32x4.add (local.get $b)
          (f32x4.mul (v128.load offset=16 (local.get $row)) (v128.load offset=16 (local.get $at)))))
        (local.set $c (f32x4.add (local.get $c)
          (f32x4.mul (v128.load offset=32 (local.get $row)) (v128.load offset=32 (local.get $at)))))
        (local.set $d (f32x4.add (local.get $d)
          (f32x4.mul (v128.load offset=48 (local.get $row)) (v128.load offset=48 (local.get $at)))))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (br_if $nextTaps
          (i32.lt_u (local.tee $row (i32.add (local.get $row) (i32.const 64))) (local.get $rowEnd))))

      (local.set $a (f32x4.add
        (f32x4.add (local.get $a) (local.get $b))
        (f32x4.add (local.get $c) (local.get $d))))
      (f32.store (local.get $output) (f32.add
        (f32.add (f32x4.extract_lane 0 (local.get $a)) (f32x4.extract_lane 1 (local.get $a)))
        (f32.add (f32x4.extract_lane 2 (local.get $a)) (f32x4.extract_lane 3 (local.get $a)))))

      (local.set $input (i32.add (local.get $input) (local.get $step)))
      (local.set $phase (i32.add (local.get $phase) (local.get $rest)))
      (if (i32.ge_u (local.get $phase) (local.get $up))
        (then
          (local.set $phase (i32.sub (local.get $phase) (local.get $up)))
          (local.set $input (i32.add (local.get $input) (i32.const 4)))))
      (br_if $nextOutput
        (i32.lt_u (local.tee $output (i32.add (local.get $output) (i32.const 4))) (local.get $end))))))
