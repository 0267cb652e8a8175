// How a stream lies in the arena: its root, its blocks, and the entries in a block.
//
//   root    ┌ length │ blocks (Tree root) │ tail block │ groups (Tree root) │ last id ×4 │ max deleted id ×4 │
//           │ entries added ×2 │ idempotence │ first id ×4 │ keeping groups │ planned ms ×2 ┐             all u32
//
//   block   ┌ used bytes │ live entries │ entries │ listpack bytes │ base id ×4 ┐ u32, then bytes:
//           │ field count │ (length, bytes) of each field of the first entry │ entry │ entry │ …
//
//   entry   ┌ flags u8 │ length of the rest │ ms − base ms │ seq │ [field count] │ values, or fields and values ┐
//
// Numbers are varints; seq is given relative to the base's seq while ms equals the base's. An entry with the fields of
// the block's first entry holds only values. Deleting sets a flag; a block without live entries is freed. `listpack
// bytes` is the size that Redis's encoding of the same node would have: nodes begin where Redis begins them, so that
// approximate trimming (which takes whole nodes) answers the same. What a checkpoint gave may be packed still, until a
// walk enters it (stream-packed.ts); the tail block, which grows, never is.

export const rootWords = 22
export const blockHeaderBytes = 32
export const deletedFlag = 1
export const sameFieldsFlag = 2
