/**
 * Loaded into a server that is measured, beside its own code: says what memory it uses, in bytes,
 * whenever it is asked, after a collection of garbage. Plain JavaScript, so that it loads without
 * the help of anything.
 */
process.on('message', () => {
  // What the first collection frees for finalizers, the second takes.
  globalThis.gc()
  globalThis.gc()
  const { heapUsed, external, rss } = process.memoryUsage()
  process.send({ kept: heapUsed + external, resident: rss })
})
// Else the channel would keep a server alive that has nothing left to do.
process.channel.unref()
