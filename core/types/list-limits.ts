// What `list-max-listpack-size` allows: a positive number is a bound of elements, -1 … -5 one of 4, 8, 16, 32, 64 KiB.
// Sizes are those of Redis's listpack, so that encodings change, and nodes end, where Redis's do.
// https://redis.io/docs/latest/operate/oss_and_stack/management/config/ , the comment above the name

/** What a listpack takes beside its elements. */
const listpackBytes = 7
/** What an element is taken to need beside its bytes, before it is encoded. */
const elementOverheadBytes = 8
/** A bound of elements bounds bytes as well. */
const countedBytesMax = 8192
const elementsMax = 32767

/** Most bytes of a node. */
export function nodeBytesMax(setting: number): number {
  return setting < 0 ? 2048 << Math.min(-setting, 5) : countedBytesMax
}

function nodeElementsMax(setting: number): number {
  return setting < 0 ? Infinity : Math.min(Math.max(setting, 1), elementsMax)
}

function exceeds(setting: number, bytes: number, elements: number): boolean {
  return bytes > nodeBytesMax(setting) || elements > nodeElementsMax(setting)
}

/** An element that stands in a node of its own. */
export function isLarge(setting: number, size: number): boolean {
  return size > nodeBytesMax(setting)
}

/** True when a list of one listpack, with `bytes` of elements, can't take in more without becoming a quicklist. */
export function outgrows(setting: number, bytes: number, elements: number, addedBytes: number, added: number): boolean {
  return exceeds(setting, listpackBytes + bytes + addedBytes, elements + added)
}

/** True when a node can take in an element of `size` bytes. */
export function fits(setting: number, bytes: number, elements: number, size: number): boolean {
  return !isLarge(setting, size) &&
    !exceeds(setting, listpackBytes + bytes + size + elementOverheadBytes, elements + 1)
}

/** Bytes of a listpack with `bytes` of elements. */
export function packedBytes(bytes: number): number {
  return listpackBytes + bytes
}

/** True when two nodes can be one. */
export function fitTogether(setting: number, bytes: number, elements: number): boolean {
  return !exceeds(setting, listpackBytes + bytes, elements)
}

/** True when a quicklist's only node is so small that the list becomes a listpack again: half of what would do. */
export function shrinks(setting: number, bytes: number, elements: number): boolean {
  if (setting < 0) return listpackBytes + bytes <= nodeBytesMax(setting) >>> 1
  return elements <= nodeElementsMax(setting) >>> 1 && bytes <= countedBytesMax
}
