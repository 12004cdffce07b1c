import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { ConfigError } from '../../config/config-error.js'
import { decodeMultibase } from '../../keys/multibase.js'
import { formatPublicKey, parsePublicKey } from '../../keys/public-key.js'

/** What the bytes of a private key of the SDK's begin with; then come 32 of seed, 32 of public key. */
const PRIVATE_KEY_PREFIX = Buffer.from([0x08, 0x01, 0x12, 0x40])

const PRIVATE_KEY_BYTES = 68

const userSchema = z
  .strictObject({
    pubkey: z.string().refine(parsePublicKey, 'is no public key').optional(),
    privateKey: z.string().refine(publicKeyOf, 'is no private key of the SDK').optional(),
  })
  .refine(({ pubkey, privateKey }) => pubkey ?? privateKey, 'needs a pubkey or a privateKey')

const collectionSchema = z.strictObject({
  name: z.string(),
  schema: z.record(z.string(), z.unknown()).default({ properties: { _id: { type: 'string' } } }),
  indexes: z
    .array(z.strictObject({ path: z.string(), unique: z.boolean().default(false) }))
    .default([]),
  writeValidator: z.string().default(''),
  readFilter: z.string().default(''),
  instances: z.array(z.record(z.string(), z.unknown())).default([]),
})

const databaseSchema = z.strictObject({
  owner: z.string(),
  name: z.string().optional(),
  id: z.string().optional(),
  collections: z.array(collectionSchema).default([]),
})

const bucketSchema = z.strictObject({
  owner: z.string(),
  name: z.string(),
  /** Name of the database whose thread the bucket is in; made where it is missing. */
  thread: z.string().default('buckets'),
  private: z.boolean().default(false),
  /** Folder with the bucket's files; in a file of JSON, from the folder of that file. */
  folder: z.string(),
})

const seedSchema = z.strictObject({
  users: z.record(z.string(), userSchema).default({}),
  databases: z.array(databaseSchema).default([]),
  buckets: z.array(bucketSchema).default([]),
})

/** What a Hub is filled with before it starts: users, databases, buckets. */
export type Seed = z.infer<typeof seedSchema>

/** What a seed may leave out. */
export type SeedFile = z.input<typeof seedSchema>

/**
 * Reads a seed from a file of JSON.
 *
 * @param name - what the file is named by, for the error: a variable or an option
 * @throws ConfigError with everything that is wrong with it
 */
export function readSeed(file: string, name: string): Seed {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigError([`${name}: ${file} can't be read: ${reason}`])
  }
  const parsed = seedSchema.safeParse(json)
  if (!parsed.success) {
    const errors = parsed.error.issues.map(
      ({ path, message }) => `${name}: ${file}: ${path.join('.') || 'the seed'}: ${message}`,
    )
    throw new ConfigError(errors)
  }
  const { users, databases, buckets } = parsed.data
  const strangers = [...databases, ...buckets].filter(({ owner }) => !users[owner])
  const faults = strangers.map(
    ({ owner }) => `${name}: ${file}: there is no user ${JSON.stringify(owner)}`,
  )
  const placed = buckets.map((bucket) => {
    return { ...bucket, folder: resolve(dirname(file), bucket.folder) }
  })
  for (const { folder } of placed) {
    if (!isFolder(folder)) faults.push(`${name}: ${file}: ${folder} is no folder`)
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return { ...parsed.data, buckets: placed }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** The public key of a seed's user, canonical text; empty where there is no such user. */
export function ownerOf(users: Seed['users'], name: string): string {
  const { pubkey, privateKey = '' } = users[name] ?? {}
  return pubkey ?? publicKeyOf(privateKey) ?? ''
}

/** The public key in a private key as the SDK writes it, where it is one. */
function publicKeyOf(privateKey: string): string | undefined {
  const bytes = decodeMultibase(privateKey)
  if (bytes?.length !== PRIVATE_KEY_BYTES) return undefined
  if (!PRIVATE_KEY_PREFIX.equals(bytes.subarray(0, PRIVATE_KEY_PREFIX.length))) return undefined
  return formatPublicKey(bytes.subarray(-32))
}
