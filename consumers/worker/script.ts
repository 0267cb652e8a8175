// Lua scripts by their digest; the text is sent only to a server that doesn't know it.

import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'

export type Script = { readonly text: string, readonly sha: string }
export type ScriptArgument = string | number | Buffer

export function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

/** Runs a script; its strings come as strings, or as bytes. Rejects with what the server answered. */
export async function run(
  redis: Redis, s: Script, keys: readonly string[], args: readonly ScriptArgument[], bytes = false,
): Promise<unknown> {
  const words = [...keys, ...args]
  try {
    return await (bytes ? redis.callBuffer('EVALSHA', s.sha, keys.length, ...words)
      : redis.evalsha(s.sha, keys.length, ...words))
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return bytes ? redis.callBuffer('EVAL', s.text, keys.length, ...words) : redis.eval(s.text, keys.length, ...words)
  }
}
