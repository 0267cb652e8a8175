// What a broker tells of itself in figures, in the terms of OpenTelemetry and Prometheus.

export type Attributes = Readonly<Record<string, string | number>>

/** `counter` never falls, unless CONFIG RESETSTAT begins it anew; a `gauge` is what holds now. */
export type NumberMetric = {
  kind: 'counter' | 'gauge'
  /** Dotted lower-case words: `millrace.log.position`. */
  name: string
  /** UCUM: `s`, `By`, `{command}`; '' for none. */
  unit: string
  description: string
  points: readonly { attributes: Attributes, value: number }[]
}

export type HistogramPoint = {
  attributes: Attributes
  /** Upper bounds (inclusive), rising; `counts` has one more, for what is beyond the last. */
  bounds: readonly number[]
  counts: readonly number[]
  count: number
  sum: number
}

export type HistogramMetric = {
  kind: 'histogram'
  name: string
  unit: string
  description: string
  points: readonly HistogramPoint[]
}

export type Metric = NumberMetric | HistogramMetric
