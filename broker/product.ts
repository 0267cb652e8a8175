// What the server says of itself: its own version, and the version of Redis whose commands it speaks.

import manifest from '../package.json' with { type: 'json' }

export const millraceVersion: string = manifest.version
/** Clients choose what they may use by this. */
export const redisVersion = '7.4.2'
export const product = `Millrace ${millraceVersion}`
