// A Millrace that follows a Millrace: full sync, stream, what only Redis 8 has names for, a lost link, and promotion.

import test from 'ava'
import { startMillrace } from '../../process.ts'
import { readState, stateDifferences } from '../../compat/state.ts'
import { caughtUp, infoField, linkIsUp } from './attached.ts'
import { until } from '../../until.ts'

const quick = ['--repl-diskless-sync-delay', '0', '--enable-debug-command', 'yes']

for (const appendonly of ['yes', 'no']) {
  test(`one follows the other from the first try on, and leads when asked to (appendonly ${appendonly})`, async (t) => {
    const master = await startMillrace(t, { args: [...quick, '--appendonly', appendonly] })
    const theirs = await master.connect()
    await theirs.call('SET', 'big', 'x'.repeat(300_000))
    await theirs.call('XADD', 's', 'IDMP', 'p', 'one', '*', 'f', 'v')
    await theirs.call('HSET', 'h', 'f', 'v', 'g', 'w')
    await theirs.call('HPEXPIRE', 'h', 900_000, 'FIELDS', 1, 'f')
    const replica = await startMillrace(t, { args: [...quick, '--appendonly', appendonly, '--replicaof', `127.0.0.1 ${master.port}`] })
    const ours = await replica.connect()
    await until('the link is up', () => linkIsUp(ours))
    t.notRegex(replica.output, /PSYNC was answered with -/)
    await theirs.call('SELECT', 3)
    await theirs.call('RPUSH', 'l', 'a', 'b')
    await theirs.call('CLIENT', 'KILL', 'TYPE', 'replica')
    await theirs.call('INCR', 'n')
    await until('it goes on', async () => await infoField(theirs, 'sync_partial_ok') === '1' && await linkIsUp(ours))
    await caughtUp(theirs, ours)
    t.is(await infoField(theirs, 'sync_full'), '1')
    // The dataset compresses well. What greets a master counts only as received.
    const [got, sent] = [await infoField(ours, 'total_net_repl_input_bytes'), await infoField(theirs, 'total_net_repl_output_bytes')]
    t.true(Number(got) > 3000 && Number(sent) > 3000, `${got} of ${sent} bytes`)
    t.true(Number(await infoField(ours, 'total_net_input_bytes')) > Number(got))
    t.true(Number(await infoField(theirs, 'mem_clients_slaves')) > 0)
    t.is(await infoField(ours, 'mem_clients_slaves'), '0')
    t.deepEqual(stateDifferences(await readState(master.port), await readState(replica.port), 'copy'), [])
    t.is(await theirs.text('DEBUG', 'DIGEST'), await ours.text('DEBUG', 'DIGEST'))
    t.is(await ours.text('REPLICAOF', 'NO', 'ONE'), '+OK\r\n')
    await theirs.call('SELECT', 0)
    t.is(await ours.text('XADD', 's', 'IDMP', 'p', 'one', '*', 'f', 'v'), await theirs.text('XADD', 's', 'IDMP', 'p', 'one', '*', 'f', 'v'))
    theirs.destroy()
    ours.destroy()
  })
}
