#!/usr/bin/env node
// The program `millrace`. Without a verb it is the server: `millrace [file.conf] [--name value …]`.

import { serve } from './server.ts'

await serve(process.argv.slice(2))
