// jsforce, as most JavaScript programs and Salesforce's own command line reach Salesforce.
'use strict'
const assert = require('node:assert/strict')
const { test } = require('node:test')
const { jsforce, BASE, ANNA, PASSWORD, APP, KEY, MAILBOX_ID, NOBODY, conn, connection, simulator, asked, refuses, contacts } = require('./simulator.cjs')

test('signing in by password, over OAuth and over SOAP', async () => {
  const byOAuth = new jsforce.Connection({ oauth2: APP, version: '59.0' })
  const user = await byOAuth.login(ANNA, PASSWORD)
  assert.equal(byOAuth.instanceUrl, BASE)
  assert.equal((await byOAuth.identity()).username, ANNA)
  const bySoap = new jsforce.Connection({ loginUrl: BASE, version: '59.0' })
  assert.deepEqual(await bySoap.login(ANNA, `${PASSWORD}syncline-token`), { ...user })
  assert.equal((await bySoap.identity()).user_id, user.id)
  await assert.rejects(new jsforce.Connection({ oauth2: APP }).login(ANNA, 'wrong'), /authentication failure/)
  await assert.rejects(new jsforce.Connection({ loginUrl: BASE }).login(ANNA, 'wrong'), /INVALID_LOGIN: Invalid username/)
  const [tokens, there] = [[byOAuth.accessToken, bySoap.accessToken], { loginUrl: BASE, instanceUrl: BASE }]
  await byOAuth.logout()
  await bySoap.logout()
  for (const accessToken of tokens) {
    await refuses('INVALID_SESSION_ID', new jsforce.Connection({ ...there, accessToken }).limits())
  }
})

test('signing in through the browser, with a proof key', async () => {
  const oauth2 = new jsforce.OAuth2({ ...APP, useVerifier: true })
  const address = oauth2.getAuthorizationUrl({ scope: 'api refresh_token', state: 'a b&c', login_hint: ANNA })
  const consent = await fetch(address, { redirect: 'manual' })
  const back = new URL(consent.headers.get('location'))
  assert.deepEqual([consent.status, back.origin + back.pathname, back.searchParams.get('state')], [302, APP.redirectUri, 'a b&c'])
  const authorized = new jsforce.Connection({ oauth2, version: '59.0' })
  await authorized.authorize(back.searchParams.get('code'), { code_verifier: oauth2.codeVerifier })
  assert.equal((await authorized.identity()).username, ANNA)
  assert.ok(authorized.refreshToken)
  const again = new jsforce.Connection({ oauth2, version: '59.0' })
  await assert.rejects(again.authorize(back.searchParams.get('code'), { code_verifier: oauth2.codeVerifier }), error => error.name === 'invalid_grant')
})

test('an ended session is renewed with the refresh token, or by the program', async () => {
  const oauth2 = new jsforce.OAuth2(APP)
  const consent = await fetch(oauth2.getAuthorizationUrl({ scope: 'api refresh_token', login_hint: ANNA }), { redirect: 'manual' })
  const first = new jsforce.Connection({ oauth2, version: '59.0' })
  await first.authorize(new URL(consent.headers.get('location')).searchParams.get('code'))
  const refreshed = []
  const renewing = new jsforce.Connection({
    oauth2, version: '59.0', instanceUrl: BASE, accessToken: '00D!ended', refreshToken: first.refreshToken
  })
  renewing.on('refresh', token => refreshed.push(token))
  assert.equal((await renewing.identity()).username, ANNA)
  assert.equal(refreshed.length, 1)
  const own = connection({ accessToken: '00D!ended', refreshFn: (_, done) => done(null, `sim-${ANNA}`) })
  assert.equal((await own.query('SELECT Id FROM User LIMIT 1')).records.length, 1)
  const lost = new jsforce.Connection({ oauth2, version: '59.0', instanceUrl: BASE, accessToken: '00D!ended', refreshToken: 'unknown' })
  await assert.rejects(lost.identity(), /expired access\/refresh token/)
  await refuses('INVALID_SESSION_ID', connection({ accessToken: '00D!ended' }).limits())
})

test('every session ends, and those with a refresh token go on; with rotation the new one counts', async () => {
  const oauth2 = new jsforce.OAuth2(APP)
  const consent = await fetch(oauth2.getAuthorizationUrl({ scope: 'api refresh_token', login_hint: ANNA }), { redirect: 'manual' })
  const first = new jsforce.Connection({ oauth2, version: '59.0' })
  await first.authorize(new URL(consent.headers.get('location')).searchParams.get('code'))
  let refreshed = 0
  first.on('refresh', () => refreshed++)
  await simulator('POST', 'sessions/expire', {})
  await Promise.all([first.limits(), first.describe('Task')])
  assert.equal(refreshed, 1)
  await simulator('POST', 'sessions', { rotate_refresh_tokens: true })
  const given = await oauth2.refreshToken(first.refreshToken)
  assert.notEqual(given.refresh_token, first.refreshToken)
  await assert.rejects(oauth2.refreshToken(first.refreshToken), error => error.name === 'invalid_grant')
  await simulator('POST', 'sessions', { rotate_refresh_tokens: false })
  assert.ok((await oauth2.refreshToken(given.refresh_token)).access_token)
  await oauth2.revokeToken(given.refresh_token)
  await assert.rejects(oauth2.refreshToken(given.refresh_token), /expired access\/refresh token/)
})

test('what only SOAP can do', async () => {
  assert.equal((await conn.soap.getUserInfo()).userName, ANNA)
  const { timestamp } = await conn.soap.getServerTimestamp()
  assert.ok(Math.abs(new Date(timestamp) - new Date((await simulator('GET', 'clock')).now)) < 10000)
  await assert.rejects(connection({ accessToken: '00D!ended' }).soap.getUserInfo(), /INVALID_SESSION_ID/)
})

test('the org describes itself', async () => {
  const global = await conn.describeGlobal()
  assert.equal(global.maxBatchSize, 200)
  const contact = global.sobjects.find(each => each.name === 'Contact')
  assert.equal(contact.keyPrefix, '003')
  const described = await conn.describe('Contact')
  const fields = Object.fromEntries(described.fields.map(field => [field.name, field]))
  assert.deepEqual([fields[KEY].externalId, fields[KEY].unique, fields[MAILBOX_ID].externalId, fields[MAILBOX_ID].unique], [true, true, true, false])
  assert.deepEqual([fields.Syncline_Synced__c.type, fields.Syncline_Synced__c.custom], ['boolean', true])
  assert.ok(described.childRelationships.some(each => each.relationshipName === 'Tasks'))
  const status = (await conn.describe('Task')).fields.find(field => field.name === 'Status')
  assert.equal(status.picklistValues.find(each => each.defaultValue).value, 'Not Started')
  await refuses('NOT_FOUND', conn.describe('Nobody__c'))
})

test('an object is laid out, and a query explained', async () => {
  const contact = conn.sobject('Contact')
  const { layouts, recordTypeMappings } = await contact.layouts()
  assert.equal(recordTypeMappings[0].layoutId, layouts[0].id)
  assert.equal((await contact.compactLayouts()).compactLayouts[0].name, 'SYSTEM')
  assert.deepEqual(await contact.approvalLayouts(), { approvalLayouts: [] })
  const { plans } = await contact.find({ LastName: 'Okafor' }).explain()
  assert.deepEqual([plans[0].sobjectType, plans[0].cardinality], ['Contact', 1])
  assert.deepEqual(await conn.recent(), [])
  const { sObjects } = await conn.requestGet('/limits/recordCount?sObjects=Contact')
  assert.deepEqual(sObjects, [{ name: 'Contact', count: await contact.count() }])
  await refuses('NOT_FOUND', conn.tabs())
})

test('one row is made, read, changed and deleted', async () => {
  const made = await conn.sobject('Contact').create({ LastName: 'Single', Email: 'single@fabrikam.example' })
  assert.deepEqual([made.success, made.errors, made.id.length], [true, [], 18])
  const row = await conn.sobject('Contact').retrieve(made.id)
  assert.deepEqual([row.attributes.type, row.Name, row.Phone], ['Contact', 'Single', null])
  assert.deepEqual(Object.keys(await conn.sobject('Contact').retrieve(made.id, { fields: ['Id', 'Email'] })).sort(), ['Email', 'Id', 'attributes'])
  assert.equal((await conn.sobject('Contact').update({ Id: made.id, Title: 'Head' })).success, true)
  assert.equal((await conn.sobject('Contact').destroy(made.id)).success, true)
  await refuses('ENTITY_IS_DELETED', conn.sobject('Contact').destroy(made.id))
})

test('many rows are made, read, changed and deleted at once', async () => {
  const ids = await contacts('Bulk', 201)
  const read = await conn.sobject('Contact').retrieve([ids[0], NOBODY, ids[200]])
  assert.deepEqual([read[0].FirstName, read[1], read[2].FirstName], ['0000', null, '0200'])
  assert.ok('SystemModstamp' in read[0])
  const changed = await conn.sobject('Contact').update([{ Id: ids[0], Title: 'Head' }, { Id: ids[1], LastName: null }])
  assert.deepEqual([changed[0].success, changed[1].errors[0].statusCode], [true, 'REQUIRED_FIELD_MISSING'])
  const whole = await conn.sobject('Contact').update([{ Id: ids[2], Title: 'x' }, { Id: ids[1], LastName: null }], { allOrNone: true })
  assert.deepEqual(whole.map(each => each.errors[0].statusCode), ['ALL_OR_NONE_OPERATION_ROLLED_BACK', 'REQUIRED_FIELD_MISSING'])
  const destroyed = await conn.sobject('Contact').destroy(ids, { allowRecursive: true })
  assert.equal(destroyed.filter(each => each.success).length, 201)
  const twice = await conn.sobject('Contact').destroy(ids.slice(0, 2), { allOrNone: true })
  assert.deepEqual(twice.map(each => each.success), [false, false])
})

test('rows are written by their external id, one and many', async () => {
  const contact = conn.sobject('Contact')
  const made = await contact.upsert({ LastName: 'Upsert', [KEY]: 'js-1' }, KEY)
  assert.deepEqual([made.success, made.created], [true, true])
  assert.equal((await contact.upsert({ FirstName: 'Again', [KEY]: 'js-1' }, KEY)).success, true)
  const [again, fresh, bad] = await contact.upsert(
    [{ LastName: 'Upsert', [KEY]: 'js-1' }, { LastName: 'Upsert', [KEY]: 'js-2' }, { LastName: 'x'.repeat(81), [KEY]: 'js-3' }], KEY
  )
  assert.deepEqual([again.created, fresh.created, bad.success, bad.errors[0].statusCode], [false, true, false, 'STRING_TOO_LONG'])
  assert.equal(again.id, made.id)
  await contacts('Twin', 2, { [MAILBOX_ID]: 'js-twin' })
  await assert.rejects(contact.upsert({ LastName: 'Third', [MAILBOX_ID]: 'js-twin' }, MAILBOX_ID), error => {
    assert.equal(error.errorCode, 'MULTIPLE_CHOICES')
    assert.ok(error.data.length === 2 && error.data.every(url => url.startsWith('/services/data/v59.0/sobjects/Contact/003')))
    return true
  })
  const [many] = await contact.upsert([{ LastName: 'Third', [MAILBOX_ID]: 'js-twin' }], MAILBOX_ID)
  assert.equal(many.errors[0].statusCode, 'DUPLICATE_EXTERNAL_ID')
})

test('pages follow each other to the end', async () => {
  const ids = await contacts('Paged', 450)
  const soql = "SELECT Id FROM Contact WHERE LastName = 'Paged' ORDER BY FirstName"
  const headers = { 'Sforce-Query-Options': 'batchSize=200' }
  const first = await conn.query(soql, { headers })
  assert.deepEqual([first.totalSize, first.done, first.records.length], [450, false, 200])
  const second = await conn.queryMore(first.nextRecordsUrl, { headers })
  assert.deepEqual([second.totalSize, second.records[0].Id], [450, ids[200]])
  const all = await conn.query(soql, { headers, autoFetch: true, maxFetch: 5000 })
  assert.deepEqual(all.records.map(each => each.Id), ids)
  const some = await conn.query(soql, { headers, autoFetch: true, maxFetch: 250 })
  assert.equal(some.records.length, 250)
  await refuses('INVALID_QUERY_LOCATOR', conn.queryMore('01g000000000000AAA-200'))
})

test('queries are built, with conditions, order, bounds and every field', async () => {
  await contacts('Built', 5, { Email: "o'neil@built.example" })
  const found = await conn.sobject('Contact')
    .find({ LastName: 'Built', $or: [{ FirstName: { $gt: '0002' } }, { FirstName: '0000' }], Phone: null }, ['Id', 'FirstName'])
    .sort('-FirstName').limit(2).skip(1)
  assert.deepEqual(found.map(each => each.FirstName), ['0003', '0000'])
  assert.equal(await conn.sobject('Contact').count({ Email: { $like: "o'neil@%" } }), 5)
  assert.equal((await conn.sobject('Contact').find({ LastName: 'Built', FirstName: { $nlike: '000%' } })).length, 0)
  assert.equal((await conn.sobject('Contact').find({ LastName: 'Built', FirstName: ['0001', '0004', 'x'] })).length, 2)
  assert.equal((await conn.sobject('Contact').find({ LastName: 'Built', FirstName: { $nin: ['0001'] } })).length, 4)
  assert.equal((await conn.sobject('Contact').find({ LastName: 'Built', $not: { FirstName: '0001' } })).length, 4)
  const recent = { LastName: 'Built', CreatedDate: { $gte: jsforce.Date.LAST_N_DAYS(2) } }
  assert.equal(await conn.sobject('Contact').count(recent), 5)
  assert.equal(await conn.sobject('Contact').count({ ...recent, CreatedDate: { $gt: jsforce.Date.toDateTimeLiteral(new Date('2014-01-01')) } }), 5)
  const one = await conn.sobject('Contact').findOne({ LastName: 'Built' }, '*, Owner.Name')
  assert.equal(one.Owner.Name, 'Anna Berg')
  assert.ok('MailingCity' in one && 'SystemModstamp' in one)
})

test('relationships go down, and deleted rows are seen when asked for', async () => {
  const account = await conn.sobject('Account').create({ Name: 'js family' })
  const ids = await contacts('Child', 3, { AccountId: account.id })
  await conn.sobject('Contact').destroy(ids[2])
  const [family] = await conn.sobject('Account').find({ Id: account.id }, 'Id, Name').include('Contacts').select('Id, FirstName').orderby('FirstName', 'DESC').end()
  assert.deepEqual(family.Contacts.records.map(each => each.FirstName), ['0001', '0000'])
  const where = { AccountId: account.id }
  assert.equal((await conn.sobject('Contact').find(where)).length, 2)
  assert.equal((await conn.sobject('Contact').find(where).scanAll(true)).length, 3)
})

test('a query can be updated and destroyed', async () => {
  await contacts('Query DML', 3)
  const update = await conn.sobject('Contact').find({ LastName: 'Query DML' }, 'Id, FirstName').update({ Title: '${FirstName}!' }, { bulkThreshold: -1 })
  assert.ok(update.every(each => each.success))
  assert.equal(await conn.sobject('Contact').count({ LastName: 'Query DML', Title: '0001!' }), 1)
  const destroyed = await conn.sobject('Contact').find({ LastName: 'Query DML' }).destroy({ bulkThreshold: -1 })
  assert.equal(destroyed.length, 3)
})

test('what changed and what went is told', async () => {
  const { now } = await simulator('GET', 'clock')
  const minutes = count => new Date(new Date(now).getTime() + count * 60000)
  const [kept, gone] = await contacts('Replicated', 2)
  await conn.sobject('Contact').destroy(gone)
  const updated = await conn.sobject('Contact').updated(minutes(-2), minutes(2))
  assert.ok(updated.ids.includes(kept) && !updated.ids.includes(gone))
  const deleted = await conn.sobject('Contact').deleted(minutes(-2).toISOString(), minutes(2).toISOString())
  assert.ok(deleted.deletedRecords.some(each => each.id === gone))
  await refuses('INVALID_REPLICATION_DATE', conn.sobject('Contact').updated(minutes(-40 * 1440), minutes(0)))
})

test('limits are told, and kept up with', async () => {
  const { DailyApiRequests } = await conn.limits()
  const { used, limit } = conn.limitInfo.apiUsage
  assert.deepEqual([limit, limit - used], [DailyApiRequests.Max, DailyApiRequests.Remaining])
})

test('requests of any kind', async () => {
  const answer = await conn.requestPost('/composite', {
    allOrNone: true,
    compositeRequest: [
      { method: 'POST', url: '/services/data/v59.0/sobjects/Account', referenceId: 'a', body: { Name: 'js composite' } },
      { method: 'POST', url: '/services/data/v59.0/sobjects/Contact', referenceId: 'c', body: { AccountId: '@{a.id}' } }
    ]
  })
  assert.deepEqual(answer.compositeResponse.map(each => [each.httpStatusCode, each.body[0].errorCode]), [
    [400, 'PROCESSING_HALTED'],
    [400, 'REQUIRED_FIELD_MISSING']
  ])
  assert.equal(await conn.sobject('Account').count({ Name: 'js composite' }), 0)
  const versions = await conn.request('/services/data')
  assert.ok(versions.some(each => each.version === '59.0' && each.url === '/services/data/v59.0'))
})

test('each refusal carries its code', async () => {
  const contact = conn.sobject('Contact')
  await refuses('REQUIRED_FIELD_MISSING', contact.create({ FirstName: 'x' }))
  await refuses('INVALID_FIELD', contact.create({ LastName: 'x', Nope__c: 1 }))
  await refuses('NOT_FOUND', contact.retrieve(NOBODY))
  await refuses('MALFORMED_QUERY', conn.query('SELECT FROM Contact'))
  await refuses('INVALID_TYPE', conn.query('SELECT Id FROM Nobody__c'))
  await assert.rejects(contact.create({ LastName: 'x'.repeat(81), FirstName: 'y'.repeat(41) }), error => {
    assert.ok(['STRING_TOO_LONG', 'MULTIPLE_API_ERRORS'].includes(error.errorCode), error.errorCode)
    return true
  })
})

test('a read that failed comes again, a write does not', async () => {
  await simulator('POST', 'faults', { method: 'GET', path: '/limits', kind: 'fail', status: 503, times: 2 })
  const before = await asked('GET', '/limits')
  assert.ok((await conn.limits()).DailyApiRequests)
  assert.equal(await asked('GET', '/limits'), before + 3)
  await simulator('POST', 'faults', { method: 'POST', path: '/sobjects/Contact', kind: 'fail', status: 503, times: 1 })
  await refuses('SERVER_UNAVAILABLE', conn.sobject('Contact').create({ LastName: 'Unavailable' }))
  assert.equal(await conn.sobject('Contact').count({ LastName: 'Unavailable' }), 0)
})
