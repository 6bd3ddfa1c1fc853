// A Bluesky network on loopback for tests: directory, personal data server and AppView.
// argv: the npm folder that holds @atproto/dev-env, then the ports of PLC, PDS, AppView and moderation.
// Says one JSON line when it answers; after that, a line on standard input asks it to index all that was
// written, and it says another. Ends when standard input closes.
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'

const [home, ...ports] = process.argv.slice(2)
const [plc, pds, appview, moderation] = ports.map(Number)
const entry = join(home, 'node_modules', '@atproto', 'dev-env', 'dist', 'index.js')
const { TestNetwork } = await import(pathToFileURL(entry).href)
const say = (told) => process.stdout.write(JSON.stringify(told) + '\n')

const network = await TestNetwork.create({
  dbPostgresSchema: 'earful',
  plc: { port: plc },
  pds: { port: pds, hostname: 'localhost', enableDidDocWithSession: true },
  bsky: { port: appview, publicUrl: `http://localhost:${appview}` },
  ozone: { port: moderation },
})
say({ pds: network.pds.url, appview: network.bsky.url })

for await (const line of createInterface({ input: process.stdin })) {
  try {
    await network.processAll(30_000)
    say({ indexed: line })
  } catch (error) {
    say({ error: String(error) })
  }
}
process.exit(0)
