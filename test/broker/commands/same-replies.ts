// Plays one script on ours and on redis-server, each over one connection, and returns both replies to each command.
import type { ServerProcess } from '../../process.ts'
import { decode, show } from '../../resp-value.ts'

export type Compared = { command: string, ours: string, theirs: string }

/** Words of a line; `''` is the empty word, `\s` within a word is a blank. */
export function wordsOf(line: string): string[] {
  return line.split(' ').map((word) => (word === `''` ? '' : word.replaceAll('\\s', ' ')))
}

export async function play(ours: ServerProcess, theirs: ServerProcess, script: readonly string[]): Promise<Compared[]> {
  const [mine, other] = await Promise.all([ours.connect(), theirs.connect()])
  const compared: Compared[] = []
  for (const line of script) {
    const words = wordsOf(line)
    const silent = setTimeout(() => {
      mine.destroy()
      other.destroy()
    }, 60_000)
    const [a, b] = await Promise.all([mine.call(...words), other.call(...words)]).catch((cause: unknown) => {
      throw new Error(`no reply to ${line}`, { cause })
    })
    clearTimeout(silent)
    compared.push({ command: line, ours: show(decode(a)), theirs: show(decode(b)) })
  }
  mine.destroy()
  other.destroy()
  return compared
}
