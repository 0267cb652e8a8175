// CRC-64 by slices of eight bytes against the definition, bit by bit.

import test from 'ava'
import fc from 'fast-check'
import { Crc64 } from '../../../core/checkpoint/crc64.ts'

const polynomial = 0x95ac9329ac4bc9b5n

function slow(bytes: Uint8Array): bigint {
  let crc = 0n
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ polynomial : crc >> 1n
  }
  return crc
}

function value({ high, low }: Crc64): bigint {
  return (BigInt(high) << 32n) | BigInt(low)
}

test('the check value of the polynomial', (t) => {
  t.is(value(new Crc64().update(Buffer.from('123456789'), 0, 9)), 0xe9c6d914c4b8d9can)
})

test('any bytes, in any pieces', (t) => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(80), fc.nat(80), (bytes, one, other) => {
    const [from, to] = [Math.min(one, other, bytes.length), Math.min(Math.max(one, other), bytes.length)]
    const crc = new Crc64().update(bytes, 0, from).update(bytes, from, to).update(bytes, to, bytes.length)
    return value(crc) === slow(bytes)
  }))
  t.pass()
})
