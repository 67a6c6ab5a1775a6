/**
 * A small assembler of WebAssembly's text format: one module with one memory and exported functions without results, made of
 * folded instructions. It knows the instructions that the package's kernel uses and refuses everything else. The format is the
 * standard one, so that any other assembler makes the same bytes.
 */
type Expression = string | readonly Expression[];

const VALUE_TYPES: Readonly<Record<string, number>> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };
const SIMD = 0xfd;
/** Opcodes of the instructions whose operands are all on the stack. */
const PLAIN: Readonly<Record<string, readonly number[]>> = {
  "i32.lt_u": [0x49],
  "i32.ge_u": [0x4f],
  "i32.add": [0x6a],
  "i32.sub": [0x6b],
  "i32.mul": [0x6c],
  "f32.add": [0x92],
  "f32x4.splat": [SIMD, 0x13],
  "f32x4.add": [SIMD, ...unsigned(0xe4)],
  "f32x4.mul": [SIMD, ...unsigned(0xe6)],
};
/** Opcodes, and the binary logarithms of the alignments, of the instructions that touch the memory. */
const MEMORY: Readonly<Record<string, readonly [opcode: readonly number[], align: number]>> = {
  "f32.store": [[0x38], 2],
  "v128.load": [[SIMD, 0x00], 4],
};
const LOCAL: Readonly<Record<string, number>> = { "local.get": 0x20, "local.set": 0x21, "local.tee": 0x22 };
const NO_RESULT = 0x40;
const END = 0x0b;

/** The module's binary form. */
export function assembleWat(text: string): Uint8Array {
  const [module] = parse(text);
  const [keyword, ...fields] = list(module);
  if (keyword !== "module") throw new Error("A module is expected.");
  const functions: Func[] = [];
  const exports: number[][] = [];
  let memory: readonly number[] = [];
  for (const field of fields) {
    const [kind, [, name], ...rest] = list(field) as [string, [string, string], ...Expression[]];
    if (kind === "memory") {
      memory = [0x00, ...unsigned(Number(rest[0]))];
      exports.push([...named(name), 0x02, 0]);
    } else if (kind === "func") {
      exports.push([...named(name), 0x00, ...unsigned(functions.length)]);
      functions.push(assembleFunction(rest));
    } else throw new Error(`Unknown field: ${kind}.`);
  }
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector(functions.map(({ type }) => type))),
    ...section(3, vector(functions.map((_, index) => unsigned(index)))),
    ...section(5, vector([memory])),
    ...section(7, vector(exports)),
    ...section(10, vector(functions.map(({ code }) => code))),
  ]);
}

interface Func {
  readonly type: readonly number[];
  readonly code: readonly number[];
}

function assembleFunction(parts: readonly Expression[]): Func {
  const declared = { param: [] as number[], local: [] as number[] };
  const names = new Map<string, number>();
  const body: number[] = [];
  for (const part of parts) {
    const [keyword, name, type] = list(part) as readonly string[];
    if (keyword === "param" || keyword === "local") {
      names.set(known(name), names.size);
      declared[keyword].push(known(VALUE_TYPES[known(type)]));
    } else body.push(...assemble(part, names, []));
  }
  const code = [...vector(runs(declared.local)), ...body, END];
  return {
    type: [0x60, ...vector(declared.param.map((type) => [type])), 0],
    code: [...unsigned(code.length), ...code],
  };
}

/** @param labels of the blocks around the instruction, the innermost first. */
function assemble(
  expression: Expression,
  names: ReadonlyMap<string, number>,
  labels: readonly string[],
): readonly number[] {
  const [name, ...operands] = list(expression) as [string, ...Expression[]];
  const all = (parts: readonly Expression[], within = labels): number[] =>
    parts.flatMap((part) => assemble(part, names, within));
  const [first, ...others] = operands;
  if (name in PLAIN) return [...all(operands), ...known(PLAIN[name])];
  if (name in LOCAL) return [...all(others), known(LOCAL[name]), ...unsigned(known(names.get(String(first))))];
  if (name in MEMORY) {
    const [opcode, align] = known(MEMORY[name]);
    const offset = typeof first === "string" ? first.replace("offset=", "") : "0";
    return [...all(typeof first === "string" ? others : operands), ...opcode, align, ...unsigned(Number(offset))];
  }
  switch (name) {
    case "i32.const":
      return [0x41, ...signed(Number(first))];
    case "f32.const":
      return [0x43, ...new Uint8Array(Float32Array.of(Number(first)).buffer)];
    case "f32x4.extract_lane":
      return [...all(others), SIMD, 0x1f, Number(first)];
    case "br_if":
      if (!labels.includes(String(first))) throw new Error(`Unknown label: ${String(first)}.`);
      return [...all(others), 0x0d, labels.indexOf(String(first))];
    case "loop":
      return [0x03, NO_RESULT, ...all(others, [String(first), ...labels]), END];
    case "if": {
      const [condition, then] = operands;
      return [...all([known(condition)]), 0x04, NO_RESULT, ...all(list(then).slice(1), ["", ...labels]), END];
    }
    default:
      throw new Error(`Unknown instruction: ${name}.`);
  }
}

/** S-expressions, comments left out. */
function parse(text: string): Expression[] {
  const open: Expression[][] = [[]];
  for (const [token] of text.replaceAll(/;;.*/g, "").matchAll(/[()]|[^\s()]+/g)) {
    if (token === "(") open.push([]);
    else {
      const whole = token === ")" ? known(open.pop()) : token;
      known(open.at(-1)).push(whole);
    }
  }
  return known(open[0]);
}

function list(expression: Expression | undefined): readonly Expression[] {
  if (!Array.isArray(expression)) throw new Error(`A list is expected, and not ${String(expression)}.`);
  return expression;
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("The text names something that it has not declared.");
  return value;
}

/** Equal types that follow each other, as their count and the type. */
function runs(types: readonly number[]): number[][] {
  const found: number[][] = [];
  for (const type of types) {
    const last = found.at(-1);
    if (last?.[1] === type) last[0] = (last[0] ?? 0) + 1;
    else found.push([1, type]);
  }
  return found;
}

function section(id: number, content: readonly number[]): readonly number[] {
  return [id, ...unsigned(content.length), ...content];
}

function vector(items: readonly (readonly number[])[]): readonly number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function named(name: string): readonly number[] {
  const bytes = new TextEncoder().encode(name.slice(1, -1));
  return [...unsigned(bytes.length), ...bytes];
}

/** LEB128. */
function unsigned(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** LEB128. */
function signed(value: number): readonly number[] {
  return value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}
