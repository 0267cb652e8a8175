// The program `millrace`. Without a verb it is the server: `millrace [file.conf] [--name value …]`.
// A configuration file that is called as a verb is reached by its path: `millrace ./check`.

import { product } from '../../broker/product.ts'
import { programHelp } from './help.ts'
import { runVerb } from './run.ts'
import { serve } from './server.ts'
import { findVerb } from './verbs.ts'

const argv = process.argv.slice(2)
const first = argv[0] ?? ''
const verb = findVerb(first)
if (verb !== undefined) await runVerb(verb, argv.slice(1))
else if (first === '--help' || first === '-h' || first === 'help') process.stdout.write(programHelp())
else if (first === '--version' || first === '-v') process.stdout.write(`${product}\n`)
else await serve(argv)
