// The entry `millrace/reader`: reading streams from any point, and folding them into keys.

export { Reader } from './reader.ts'
export type { ReaderOptions } from './reader.ts'
export { Projection } from './projection.ts'
export type { Fold, ProjectionEvents, ProjectionOptions } from './projection.ts'
export { compareIds } from '../ids.ts'
export { StreamEntry } from './entry.ts'
export type { Connection, EmbeddedBroker } from '../connection.ts'
