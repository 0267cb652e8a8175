// How a job's data becomes the bytes of its entry, and back.

/** `binary`: `decode` gets a Buffer, else a string. What `decode` throws makes the job a dead letter. */
export type Codec =
  | { readonly binary?: false, encode(data: unknown): string, decode(text: string): unknown }
  | { readonly binary: true, encode(data: unknown): Buffer, decode(bytes: Buffer): unknown }

/** JSON; no data at all is `null`. */
export const json: Codec = {
  encode: (data) => JSON.stringify(data) ?? 'null',
  decode: (text) => JSON.parse(text) as unknown,
}
