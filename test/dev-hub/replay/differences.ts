/** Recorded cases that the development Hub answers otherwise on purpose, and why. */
export const DIFFERENCES: Readonly<Record<string, string>> = {
  'newCollection: no config': "hubd's process ends: here the call ends, with an error",
  'create: instance is null': "hubd's process ends: here the call ends, with an error",
  'find: bad query: operation 9': "hubd's process ends: here the call ends, with an error",
}

/** Recorded texts that a library of Go's or the store wrote: the code counts, the words are ours. */
export const FOREIGN_TEXTS: readonly RegExp[] = [
  /^write exception: write errors: \[E11000/,
  /^reading varint: /,
  /^unexpected end of JSON input$/,
  /^compiling js func: /,
  /json: cannot unmarshal /,
  /invalid character '.' in literal /,
  /has unexpected type \*threads_pb\./,
  /^no ReadTransactionRequest type set$/,
]
