/** Where metrics are served. */
export interface MetricsAddress {
  /** TCP port; 0 takes a free one. */
  readonly port: number
  readonly host: string
}
