// Bytes as INFO shows them.

/** `1.50M` */
export function human(bytes: number): string {
  for (const [unit, size] of [['T', 1024 ** 4], ['G', 1024 ** 3], ['M', 1024 ** 2], ['K', 1024]] as const) {
    if (bytes >= size) return `${(bytes / size).toFixed(2)}${unit}`
  }
  return `${bytes}B`
}
