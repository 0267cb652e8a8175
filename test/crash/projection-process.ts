// A projection in a process of its own, to be killed: node projection-process.ts <port>
import { Projection } from '../../consumers/reader/index.ts'

const projection = new Projection({
  connection: { port: Number(process.argv[2]), host: '127.0.0.1' }, stream: 'events', name: 'totals', batch: 40,
  fold: (entry, write) => {
    write.hincrby('totals:entries', entry.get('user')!, 1)
    write.rpush(`totals:order:${entry.get('user')}`, entry.get('n')!)
  },
})
await projection.start()
