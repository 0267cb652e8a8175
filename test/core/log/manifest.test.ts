// The manifest's checksum, which Redis takes for a comment.

import test from 'ava'
import { parseManifest, renderManifest } from '../../../core/log/manifest.ts'
import type { Manifest } from '../../../core/log/manifest.ts'

const manifest: Manifest = {
  files: [
    { name: 'appendonly.aof.1.base.rdb', seq: 1, type: 'b' }, { name: 'a "b" \u00e9.1.incr.aof', seq: 1, type: 'i' },
    { name: 'appendonly.aof.2.incr.aof', seq: 2, type: 'i' },
  ],
}

test('a manifest reads as it was written', (t) => {
  t.deepEqual(parseManifest(renderManifest(manifest), 'm'), manifest)
})

test('a manifest of Redis has no checksum, and lines may be added behind ours', (t) => {
  const text = renderManifest(manifest)
  t.deepEqual(parseManifest(text.replace(/#crc.*\n/, ''), 'm'), manifest)
  t.is(parseManifest(`${text}file appendonly.aof.3.incr.aof seq 3 type i\n`, 'm').files.length, 4)
})

test('a line that was changed since is refused, with the line of the checksum named', (t) => {
  const text = renderManifest(manifest).replace('seq 2 type i', 'seq 2 type h')
  t.throws(() => parseManifest(text, 'm'), { code: 'LOG_MANIFEST', message: /^m: the checksum in line 4 / })
})
