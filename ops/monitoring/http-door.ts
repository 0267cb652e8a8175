// The door for probes and scrapers: /metrics, /healthz, /readyz over HTTP.

import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Broker } from '../../broker/broker.ts'

/** The Prometheus text of all figures. */
export type Render = () => Promise<string>

export class HttpDoor {
  private readonly broker: Broker
  private readonly server: Server

  constructor(broker: Broker, render: Render) {
    this.broker = broker
    this.server = createServer((request, response) => {
      void this.answer(request, response, render).catch((error: unknown) => {
        broker.report('warning', `metrics: ${(error as Error).message}`)
        if (!response.headersSent) send(request, response, 500, 'the figures could not be collected\n')
      })
    })
    this.server.on('error', (error) => broker.report('warning', `metrics-port: ${error.message}`))
    this.server.unref()
  }

  open(): void {
    const { metricsPort, metricsBind } = this.broker.config.values
    this.server.listen(metricsPort, metricsBind)
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve())
      this.server.closeAllConnections()
    })
  }

  private async answer(request: IncomingMessage, response: ServerResponse, render: Render): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD')
      return send(request, response, 405, 'only GET\n')
    }
    switch (request.url?.split('?')[0]) {
      case '/metrics': return send(request, response, 200, await render(), 'text/plain; version=0.0.4; charset=utf-8')
      case '/healthz': return this.probe(request, response, unhealthy(this.broker))
      case '/readyz': return this.probe(request, response, unready(this.broker))
      default: return send(request, response, 404, 'there are /metrics, /healthz and /readyz\n')
    }
  }

  private probe(request: IncomingMessage, response: ServerResponse, trouble: string | undefined): void {
    send(request, response, trouble === undefined ? 200 : 503, `${trouble ?? 'ok'}\n`)
  }
}

/** Why only a restart helps; undefined while the process is of use. */
function unhealthy(b: Broker): string | undefined {
  return b.engine.log.state === 'broken' ? `the log is broken: ${b.logFailure()}` : undefined
}

/** Why clients had better be sent elsewhere. */
function unready(b: Broker): string | undefined {
  if (b.stopping) return 'stopping'
  if (b.loading.active) return `loading: ${b.loading.percent.toFixed(2)} %`
  if (b.engine.log.state !== 'ok') return `the log can't be written: ${b.logFailure()}`
  if (b.following.isStale) return 'the link to the master is down'
  return undefined
}

function send(
  request: IncomingMessage, response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) })
  response.end(request.method === 'HEAD' ? undefined : text)
}
