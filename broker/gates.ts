// Why commands can't take the straight way just now, whoever sends them: bits of `Broker.gates`.

export const brokerGates = {
  loading: 1, failing: 2, paused: 4, memory: 8, busy: 16, replicas: 32, unsaved: 64, replica: 128, held: 256,
} as const
