// A collector of OpenTelemetry's: takes spans and metrics by OTLP over HTTP, as JSON.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'

export type Span = {
  name: string, traceId: string, spanId: string, parentSpanId?: string, kind: number, status: { code?: number },
  links?: { spanId: string }[], startTimeUnixNano: string, endTimeUnixNano: string,
}

/** Ends with the test. */
export async function collector(t: ExecutionContext): Promise<{ endpoint: string, spans: Span[], metrics: Set<string> }> {
  const spans: Span[] = []
  const metrics = new Set<string>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString())
      for (const resource of body.resourceSpans ?? []) for (const scope of resource.scopeSpans) spans.push(...scope.spans)
      for (const resource of body.resourceMetrics ?? []) {
        for (const scope of resource.scopeMetrics) for (const { name } of scope.metrics) metrics.add(name)
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { endpoint: `http://127.0.0.1:${port}`, spans, metrics }
}
