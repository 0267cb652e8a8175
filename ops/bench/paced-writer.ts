// Writes 50 random keys every 10 ms until it is killed: the moderate load of the latency test.
//
//   node paced-writer.ts <port>

import { connect } from './wire.ts'

const wire = await connect(Number(process.argv[2]))
const value = 'x'.repeat(32)

async function write(): Promise<void> {
  const commands = Array.from({ length: 50 }, () => {
    const key = `key:${String(Math.floor(Math.random() * 1_000_000)).padStart(12, '0')}`
    return `*3\r\n$3\r\nSET\r\n$16\r\n${key}\r\n$32\r\n${value}\r\n`
  })
  await wire.send(commands.join(''), commands.length)
  setTimeout(() => void write(), 10)
}

await write()
