/** A session of the debugging protocol with a thread. */
export interface SnapshotSession {
  send(method: "HeapProfiler.takeHeapSnapshot"): Promise<unknown>;
  on(event: "HeapProfiler.addHeapSnapshotChunk", listener: (data: unknown) => void): unknown;
}

interface Snapshot {
  readonly snapshot: { readonly meta: { readonly node_fields: string[]; readonly node_types: [string[]] } };
  readonly nodes: number[];
}

/** Compiled code with its tables, and what is not on the heap of JavaScript. */
const NOT_OBJECTS = ["code", "native", "hidden", "synthetic"];

/** Takes a snapshot of a heap, which stops its thread meanwhile. @returns bytes of what scripts have made. */
export async function objectBytes(session: SnapshotSession): Promise<number> {
  let text = "";
  session.on("HeapProfiler.addHeapSnapshotChunk", (data) => {
    text += (data as { chunk: string }).chunk;
  });
  await session.send("HeapProfiler.takeHeapSnapshot");
  const { snapshot, nodes } = JSON.parse(text) as Snapshot;
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [type, size] = [fields.indexOf("type"), fields.indexOf("self_size")];
  let sum = 0;
  for (let node = 0; node < nodes.length; node += fields.length) {
    const kind = types[0][nodes[node + type] ?? -1] ?? "hidden";
    if (!NOT_OBJECTS.includes(kind)) sum += nodes[node + size] ?? 0;
  }
  return sum;
}
