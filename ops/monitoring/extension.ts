// Monitoring as an extension of the broker: the HTTP door where `metrics-port` is set, OpenTelemetry where
// `otlp-endpoint` or the usual environment variables name a collector. Where none is, nothing of it is even loaded.

import type { Extension } from '../../broker/extension.ts'
import type { Monitoring } from './monitoring.ts'

export const monitoring: Extension = {
  name: 'monitoring',
  attach(broker) {
    const { metricsPort, otlpEndpoint } = broker.config.values
    const endpoint = otlpEndpoint === '' ? process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '' : otlpEndpoint
    if (metricsPort === 0 && endpoint === '') return {}
    let work: Monitoring | undefined
    const opened = import('./monitoring.ts')
      .then(({ Monitoring }) => { work = new Monitoring(broker, endpoint) })
      .catch((error: unknown) => broker.report('warning', `monitoring: ${String(error)}`))
    return {
      turnEnded: (appended) => work?.tracer?.turnEnded(appended),
      stopping: async () => {
        await opened
        await work?.close()
      },
    }
  },
}
