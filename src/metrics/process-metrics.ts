import { collectDefaultMetrics, Registry } from 'prom-client'

/**
 * What prom-client measures of the process: CPU time, memory, open files, garbage collection, and
 * how far the event loop lags behind. One for the process, whoever shows it: what measures it runs
 * until the process ends.
 */
export const processMetrics = new Registry()

collectDefaultMetrics({ register: processMetrics })
