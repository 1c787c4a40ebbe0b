// @microsoft/microsoft-graph-client, the vendor's client for JavaScript, with its whole chain of handlers.
'use strict'
const assert = require('node:assert/strict')
const { test } = require('node:test')
const { createRequire } = require('node:module')

// The client is installed outside of the repository.
const installed = createRequire(`${process.env.CLIENT_MODULES}/`)
const {
  AuthenticationHandler,
  BatchRequestContent,
  BatchResponseContent,
  Client,
  FileUpload,
  GraphError,
  HTTPMessageHandler,
  LargeFileUploadTask,
  PageIterator,
  RedirectHandler,
  RedirectHandlerOptions,
  RetryHandler,
  RetryHandlerOptions,
  TelemetryHandler
} = installed('@microsoft/microsoft-graph-client')

const BASE = process.env.EXCHANGE_URL
const ANNA = 'anna.berg@northwind.example'
const VENDOR = 'https://graph.microsoft.com'

// The client gives its token to https only: so it speaks to the vendor's address, and the last link of
// its chain carries the request to the simulator instead, and the simulator's links back.
class ToSimulator extends HTTPMessageHandler {
  async execute(context) {
    const url = typeof context.request === 'string' ? context.request : context.request.url
    const address = BASE + url.slice(url.indexOf('/', VENDOR.length))
    const answer = await fetch(typeof context.request === 'string' ? address : new Request(address, context.request), context.options)
    const bodiless = answer.status === 204 || answer.status === 202
    const text = bodiless ? null : (await answer.text()).replaceAll(BASE, VENDOR)
    context.response = new Response(text, { status: answer.status, headers: answer.headers })
  }
}

function client(address = ANNA) {
  const authentication = new AuthenticationHandler({ getAccessToken: async () => `sim-${address}` })
  const retry = new RetryHandler(new RetryHandlerOptions())
  const redirect = new RedirectHandler(new RedirectHandlerOptions())
  const telemetry = new TelemetryHandler()
  authentication.setNext(retry)
  retry.setNext(redirect)
  redirect.setNext(telemetry)
  telemetry.setNext(new ToSimulator())
  return Client.initWithMiddleware({ middleware: authentication })
}

function simulator(method, name, body) {
  return fetch(`${BASE}/_sim/${name}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body && JSON.stringify(body)
  })
}

const graph = client()

function appointment(subject, day = 10) {
  const on = `2031-03-${day}`
  return {
    subject,
    start: { dateTime: `${on}T09:00:00`, timeZone: 'UTC' },
    end: { dateTime: `${on}T10:00:00`, timeZone: 'UTC' }
  }
}

test('an event is made, read in another zone, changed and deleted', async () => {
  const made = await graph.api('/me/events').post(appointment('npm single'))
  const seen = await graph
    .api(`/me/events/${made.id}`)
    .header('Prefer', 'outlook.timezone="Europe/Berlin"')
    .select('subject,start')
    .get()
  assert.equal(seen.start.dateTime, '2031-03-10T10:00:00.0000000')
  assert.deepEqual(
    Object.keys(seen).sort(),
    ['@odata.context', '@odata.etag', 'id', 'start', 'subject']
  )
  const changed = await graph.api(`/me/events/${made.id}`).header('If-Match', seen['@odata.etag']).patch({ subject: 'npm changed' })
  assert.equal(changed.subject, 'npm changed')
  await assert.rejects(
    graph.api(`/me/events/${made.id}`).header('If-Match', seen['@odata.etag']).patch({ subject: 'npm late' }),
    error => error instanceof GraphError && error.statusCode === 412 && error.code === 'ErrorIrresolvableConflict'
  )
  await graph.api(`/me/events/${made.id}`).delete()
  await assert.rejects(graph.api(`/me/events/${made.id}`).get(), error => error.statusCode === 404 && Boolean(error.requestId))
})

test('pages follow each other to the end', async () => {
  const made = []
  for (let day = 11; day < 24; day++) made.push((await graph.api('/me/events').post(appointment('npm page', day))).id)
  const found = []
  const first = await graph.api('/me/events').filter("subject eq 'npm page'").top(5).orderby('start/dateTime').get()
  await new PageIterator(graph, first, event => found.push(event.id)).iterate()
  assert.deepEqual(found, made)
  for (const id of made) await graph.api(`/me/events/${id}`).delete()
})

test('a batch answers each part by its id', async () => {
  const content = new BatchRequestContent([
    { id: '1', request: new Request('https://graph.microsoft.com/me/calendar', { method: 'GET' }) },
    { id: '2', request: new Request('https://graph.microsoft.com/me/contacts?$top=1', { method: 'GET' }) },
    { id: '3', request: new Request('https://graph.microsoft.com/me/nothing', { method: 'GET' }) }
  ])
  const answers = new BatchResponseContent(await graph.api('/$batch').post(await content.getContent()))
  const statuses = ['1', '2', '3'].map(id => answers.getResponseById(id).status)
  assert.deepEqual(statuses, [200, 200, 400])
  assert.equal((await answers.getResponseById('2').json()).value.length, 1)
})

test('a throttled request comes again after the time it was told', async () => {
  const switched = await simulator('POST', 'throttle', { times: 1, retry_after: 1 })
  assert.equal(switched.ok, true, await switched.text())
  assert.equal((await graph.api('/me').get()).mail, ANNA)
})

test('a large attachment goes up in pieces', async () => {
  const draft = await graph.api('/me/messages').post({ subject: 'npm upload' })
  const bytes = Buffer.alloc(4 * 1024 * 1024, 'x')
  const item = { AttachmentItem: { attachmentType: 'file', name: 'large.bin', size: bytes.length } }
  const attachments = `/me/messages/${draft.id}/attachments`
  const session = await LargeFileUploadTask.createUploadSession(graph, `${attachments}/createUploadSession`, item)
  const pieces = []
  const task = new LargeFileUploadTask(graph, new FileUpload(bytes, 'large.bin', bytes.length), session, {
    rangeSize: 4 * 327680,
    uploadEventHandlers: { progress: range => pieces.push(range.maxValue + 1) }
  })
  await task.upload()
  assert.deepEqual(pieces, [1310720, 2621440, 3932160, bytes.length])
  const [kept] = (await graph.api(attachments).get()).value
  assert.deepEqual([kept.name, kept.size >= bytes.length], ['large.bin', true])
  await graph.api(`/me/messages/${draft.id}`).delete()
})

test('mail folders tell their changes, nested ones too', async () => {
  const follow = async link => {
    const rows = []
    for (;;) {
      const page = await graph.api(link).get()
      rows.push(...page.value)
      if (page['@odata.deltaLink']) return [rows, page['@odata.deltaLink']]
      link = page['@odata.nextLink']
    }
  }
  let [rows, link] = await follow('/me/mailFolders/delta')
  assert.ok(rows.some(folder => folder.displayName === 'Inbox'))
  const made = await graph.api('/me/mailFolders/inbox/childFolders').post({ displayName: 'npm folder' })
  await assert.rejects(
    graph.api('/me/mailFolders/inbox/childFolders').post({ displayName: 'npm folder' }),
    error => error.code === 'ErrorFolderExists'
  )
  ;[rows, link] = await follow(link)
  assert.ok(rows.some(folder => folder.id === made.id))
  await graph.api(`/me/mailFolders/${made.id}`).delete()
})

test('contacts are searched by address', async () => {
  const found = await graph.api('/me/contacts').filter("emailAddresses/any(a:a/address eq 'mia.larsen@fabrikam.example')").get()
  assert.deepEqual(found.value.map(contact => contact.surname), ['Larsen'])
})
