// Reading `#by` lines: what stands in them, what doesn't, and lines about something else.

import test from 'ava'
import { authorOf } from '../../../core/log/author.ts'

const nobody = { user: '', client: 0, addr: '', trace: '' }

test('all that a line says, the user\'s name as it is', (t) => {
  const line = '#by client=7 user=a%20b%25%C3%A4 addr=[::1]:50000 trace=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const author = {
    user: 'a b%ä', client: 7, addr: '[::1]:50000', trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  }
  t.deepEqual(authorOf(line), author)
  t.deepEqual(authorOf(line), author)
})

test('what a line does not say, and lines that name nobody', (t) => {
  t.deepEqual(authorOf('#by client=3 user=100% addr=x:1'), { user: '100%', client: 3, addr: 'x:1', trace: '' })
  t.deepEqual(authorOf('#by client=0'), nobody)
  t.deepEqual(authorOf(''), nobody)
  t.deepEqual(authorOf('#repl id=0123 offset=5 db=0'), nobody)
})
