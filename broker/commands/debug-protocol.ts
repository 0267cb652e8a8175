// DEBUG PROTOCOL: one reply of each type of RESP3, so that clients can test how they read them.

import type { Reply } from '../../core/reply.ts'

/** Writes the example reply of a type; false when there is no such type. */
export function writeExample(r: Reply, type: string): boolean {
  const write = examples[type]
  if (write === undefined) return false
  write(r)
  return true
}

const examples: Readonly<Record<string, (r: Reply) => void>> = {
  string: (r) => r.text('Hello World'),
  integer: (r) => r.int(12345),
  double: (r) => r.double('3.141'),
  null: (r) => r.nil(),
  array: (r) => {
    r.array(3)
    for (let i = 0; i < 3; i++) r.int(i)
  },
  set: (r) => {
    r.set(3)
    for (let i = 0; i < 3; i++) r.int(i)
  },
  map: (r) => {
    r.map(3)
    for (let i = 0; i < 3; i++) {
      r.int(i)
      r.bool(i === 1)
    }
  },
  attrib: (r) => {
    if (r.resp === 3) {
      r.attribute(1)
      r.text('key-popularity')
      r.array(2)
      r.text('key:123')
      r.int(90)
    }
    r.text('Some real reply following the attribute')
  },
  push: (r) => {
    if (r.resp === 2) return r.error('ERR RESP2 is not supported by this command')
    r.push(2)
    r.text('server-cpu-usage')
    r.int(42)
    r.text('Some real reply following the push reply')
  },
  verbatim: (r) => r.verbatim('txt', 'This is a verbatim\nstring'),
  true: (r) => r.bool(true),
  false: (r) => r.bool(false),
  bignum: (r) => r.bigNumber('1234567999999999999999999999999999999'),
}
