// Certificates for tests of TLS, made by openssl.

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { temporaryDirectory } from '../process.ts'
import type { Scope } from '../process.ts'

export type Certificates = { dir: string, ca: string, cert: string, key: string, strangerCert: string, strangerKey: string }

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' })
}

/** A certificate authority, a certificate by it, and one by nobody. */
export function certificates(scope: Scope): Certificates {
  const dir = temporaryDirectory(scope)
  const file = (name: string): string => path.join(dir, name)
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  openssl('req', '-x509', ...curve, '-keyout', file('ca.key'), '-out', file('ca.crt'), '-subj', '/CN=ca')
  openssl('req', ...curve, '-keyout', file('a.key'), '-out', file('a.csr'), '-subj', '/CN=localhost')
  writeFileSync(file('san'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  openssl('x509', '-req', '-in', file('a.csr'), '-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-CAcreateserial',
    '-days', '2', '-extfile', file('san'), '-out', file('a.crt'))
  openssl('req', '-x509', ...curve, '-keyout', file('b.key'), '-out', file('b.crt'), '-subj', '/CN=stranger')
  return {
    dir, ca: file('ca.crt'), cert: file('a.crt'), key: file('a.key'),
    strangerCert: file('b.crt'), strangerKey: file('b.key'),
  }
}
