// The program `millrace`. Without a verb it is the server: `millrace [file.conf] [--name value …]`.
// A configuration file that is called as a verb is reached by its path: `millrace ./check`. What isn't asked for is not
// loaded: a server starts without the verbs, and without the libraries that they need.

const argv = process.argv.slice(2)
const first = argv[0] ?? ''

if (first === '--help' || first === '-h' || first === 'help') {
  const { programHelp } = await import('./help.ts')
  process.stdout.write(programHelp())
} else if (first === '--version' || first === '-v') {
  const { product } = await import('../../broker/product.ts')
  process.stdout.write(`${product}\n`)
} else if (!await runsVerb()) {
  const { serve } = await import('./server.ts')
  await serve(argv)
}

/** Runs the verb that the first word is; false when it is none. */
async function runsVerb(): Promise<boolean> {
  if (!/^[a-z]+$/.test(first)) return false
  const { findVerb } = await import('./verbs.ts')
  const verb = findVerb(first)
  if (verb === undefined) return false
  const { runVerb } = await import('./run.ts')
  await runVerb(verb, argv.slice(1))
  return true
}
