// What trims, deletes and claims resolve to in the log must fold to the stream that they left.
import test from 'ava'
import { stateDigest } from '../../../core/digest.ts'
import { driver, fold } from './driver.ts'

for (const trim of [
  ['MAXLEN', '~', '0'], ['MINID', '~', '9'], ['MINID', '~', '3'], ['MAXLEN', '=', '1'], ['MINID', '=', '9'],
]) {
  test(`XTRIM ${trim.join(' ')} folds to what it left, also when that is nothing`, (t) => {
    const d = driver()
    for (const id of ['1-1', '2-1', '3-1', '4-1']) d.run('XADD', 's', id, 'f', 'v')
    d.run('XTRIM', 's', ...trim)
    d.run('XSETID', 's', '10-0', 'ENTRIESADDED', '0')
    t.is(stateDigest(fold(d.effects, 2)), stateDigest(d.engine))
  })
}
