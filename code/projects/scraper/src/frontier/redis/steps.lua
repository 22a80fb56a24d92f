#!lua
-- The steps of the frontier's four rules. A script runs alone, so each step is whole.
--
-- KEYS[1]  what all keys begin with, "{namespace}:": one hash tag, so one slot of a cluster
-- ARGV     the step, the process, its lease in milliseconds, and what the step needs, as JSON
--
--   pages, urls   hashes: a page's row as JSON by its number; its number by its address
--   n             hash: the last number, pages by state, items, hosts, pages beyond the budgets
--   h:HOST        hash: taken, known, next_at, delay, and by: the process that asked for the delay
--   q:HOST        sorted set: pages that are queued, by priority and number
--   todo          sorted set: hosts by how many that are
--   due           sorted set: hosts with pages and a free place, by their next moment
--   alive         sorted set: processes, by the end of their leases
--   held:PROCESS  set: pages that a process has taken
--   claims        hash: the last answer to each process, in case it wasn't heard
--   items, reasons, seeds, settings
--
-- Times are milliseconds since 1970, of this server's clock: those of the processes don't matter.
local P, call, json = KEYS[1], redis.call, cjson
local process, lease = ARGV[2], tonumber(ARGV[3])
local asked = json.decode(ARGV[4])
local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local set = call('HMGET', P .. 'settings', 'pages', 'places', 'delay')
local budget, places, delay = tonumber(set[1]), tonumber(set[2]), set[3]

local function count(what, by) call('HINCRBY', P .. 'n', what, by) end
local function row(id) return json.decode(call('HGET', P .. 'pages', id)) end
local function keep(id, page) call('HSET', P .. 'pages', id, json.encode(page)) end

-- A host is due if it has pages and a free place; others wait for an end or a link.
local function settle(host)
  local known = call('HMGET', P .. 'h:' .. host, 'next_at', 'taken')
  if call('EXISTS', P .. 'q:' .. host) == 1 and tonumber(known[2]) < places then
    call('ZADD', P .. 'due', known[1], host)
  else
    call('ZREM', P .. 'due', host)
  end
end

-- A page changes its state, and all counts with it.
local function move(id, page, state)
  local queue = P .. 'q:' .. page.host
  if page.state then count(page.state, -1) end
  if page.state == 'queued' then
    call('ZREM', queue, id)
    call('ZINCRBY', P .. 'todo', -1, page.host)
  end
  if state == 'queued' then
    call('ZADD', queue, id - page.priority * 2 ^ 40, id)
    call('ZINCRBY', P .. 'todo', 1, page.host)
  end
  page.state = state
  count(state, 1)
  keep(id, page)
end

-- Rule 1: an address has one row.
local function queue(found)
  local new, touched = 0, {}
  for _, page in ipairs(found) do
    local h = P .. 'h:' .. page.host
    if call('HEXISTS', P .. 'urls', page.url) == 0 then
      if call('EXISTS', h) == 0 then
        call('HSET', h, 'taken', 0, 'known', 0, 'next_at', 0, 'delay', delay, 'by', '')
        count('hosts', 1)
      end
      if tonumber(call('HGET', h, 'known')) >= budget then
        count('beyond', 1)
      else
        local id = call('HINCRBY', P .. 'n', 'last', 1)
        call('HINCRBY', h, 'known', 1)
        call('HSET', P .. 'urls', page.url, id)
        if not page.on then call('SADD', P .. 'seeds', page.host) end
        page.failures, page.lease = 0, 0
        move(id, page, 'queued')
        new, touched[page.host] = new + 1, true
      end
    end
  end
  for host in pairs(touched) do settle(host) end
  return new
end

-- Rule 2 after a crash: what a process had taken is queued again, and its hosts have their places
-- back, after a rest: its last request may have been sent just now.
local function bury(dead)
  for _, id in ipairs(call('SMEMBERS', P .. 'held:' .. dead)) do
    local page = row(id)
    local h = P .. 'h:' .. page.host
    move(id, page, 'queued')
    call('HINCRBY', h, 'taken', -1)
    local known = call('HMGET', h, 'next_at', 'delay')
    call('HSET', h, 'next_at', math.max(known[1], now + known[2]))
    settle(page.host)
  end
  call('DEL', P .. 'held:' .. dead)
  call('HDEL', P .. 'claims', dead)
  call('ZREM', P .. 'alive', dead)
end

local function bury_all()
  for _, dead in ipairs(call('ZRANGEBYSCORE', P .. 'alive', '-inf', now)) do bury(dead) end
end

local function renew() call('ZADD', P .. 'alive', now + lease, process) end

-- ANCHOR: take
-- Rule 4: the host's next moment is moved in the step that takes a page.
local function take()
  local host = call('ZRANGEBYSCORE', P .. 'due', '-inf', now, 'LIMIT', 0, 1)[1]
  if not host then return nil end
  local h = P .. 'h:' .. host
  local id = call('ZRANGE', P .. 'q:' .. host, 0, 0)[1]
  local page = row(id)
  page.lease, page.by = page.lease + 1, process
  move(id, page, 'taken')
  call('SADD', P .. 'held:' .. process, id)
  call('HINCRBY', h, 'taken', 1)
  local known = call('HMGET', h, 'next_at', 'delay')
  local pause = tonumber(known[2])
  if pause > 0 then pause = pause + 1 end
  call('HSET', h, 'next_at', math.max(known[1], now + pause))
  settle(host)
  return id
end
-- ANCHOR_END: take

local function claim()
  renew() -- first: it's late perhaps, but alive, and nobody has its pages yet
  bury_all()
  local ids = {}
  local last = call('HGET', P .. 'claims', process)
  last = last and json.decode(last)
  if last and last.number == asked.number then
    ids = last.ids
  else
    while #ids < asked.want do
      local id = take()
      if not id then break end
      ids[#ids + 1] = id
    end
    call('HSET', P .. 'claims', process, json.encode({ number = asked.number, ids = ids }))
  end
  local pending = call('HMGET', P .. 'n', 'queued', 'taken')
  local first = call('ZRANGE', P .. 'due', 0, 0, 'WITHSCORES')[2]
  local wait = first and math.max(0, first - now) or -1
  local rows = {}
  for _, id in ipairs(ids) do
    rows[#rows + 1] = id
    rows[#rows + 1] = call('HGET', P .. 'pages', id)
  end
  return { (pending[1] or 0) + (pending[2] or 0), wait, rows }
end

-- The host has a place again, and its next moment is known. With one place, the time between two
-- requests is measured from the last answer, and a visit that asked for nothing costs no time.
local function free(host)
  local h = P .. 'h:' .. host
  local known = call('HMGET', h, 'next_at', 'delay', 'by')
  local alone, rest = places == 1, asked.rest
  if alone and asked.asked then rest = math.max(rest, asked.delay) end
  if rest > 0 then rest = rest + 1 end
  local before = (alone and not asked.asked) and 0 or tonumber(known[1])
  call('HINCRBY', h, 'taken', -1)
  call('HSET', h, 'next_at', math.max(before, now + rest))
  -- A shorter delay counts if it's from the process that asked for the longer one: another may
  -- not know robots.txt yet. A process that's gone has no say.
  local other = known[3] ~= process and call('ZSCORE', P .. 'alive', known[3])
  if asked.delay >= tonumber(known[2]) or not other then
    call('HSET', h, 'delay', asked.delay, 'by', process)
  end
  settle(host)
end

-- So many at a time, so that a host with many pages doesn't hold up all crawlers.
local function give_up(host, reason)
  local ids = call('ZRANGE', P .. 'q:' .. host, 0, 499)
  for _, id in ipairs(ids) do
    local page = row(id)
    page.reason = reason
    call('HINCRBY', P .. 'reasons', reason, 1)
    move(id, page, 'failed')
  end
  settle(host)
  return #ids
end

-- Rule 3: what a visit found is added in the step that ends it.
local function finish()
  local text = call('HGET', P .. 'pages', asked.id)
  local page = text and json.decode(text)
  if not page or page.state ~= 'taken' or page.lease ~= asked.lease then
    return 0 -- it has ended, or another process has it: this call is a repetition, or comes too late
  end
  queue(asked.found)
  call('SREM', P .. 'held:' .. page.by, asked.id)
  page.by = nil
  page.status, page.reason = asked.status, asked.reason
  if asked.failed then page.failures = page.failures + 1 end
  if asked.state == 'done' then page.etag, page.modified = asked.etag, asked.modified end
  if asked.reason then call('HINCRBY', P .. 'reasons', asked.reason, 1) end
  move(asked.id, page, asked.state)
  if asked.item and call('HSET', P .. 'items', asked.id, asked.item) == 1 then count('items', 1) end
  free(page.host)
  return asked.down and give_up(page.host, asked.reason) or 0
end

-- All that was done from this number on is to do again.
local function again()
  local last = tonumber(call('HGET', P .. 'n', 'last') or 0)
  local hosts = {}
  for id = asked.from, math.min(last, asked.from + 499) do
    local page = row(id)
    if page.state ~= 'queued' and page.state ~= 'taken' then
      page.failures, page.reason = 0, nil
      move(id, page, 'queued')
      hosts[page.host] = true
    end
  end
  for host in pairs(hosts) do settle(host) end
  if asked.from == 1 then call('DEL', P .. 'reasons') end
  return asked.from + 500 <= last and 1 or 0
end

-- The crawl's settings are those of the process that began it, until none is there anymore.
local function open()
  bury_all()
  for at, name in ipairs({ 'pages', 'places', 'delay' }) do
    if call('EXISTS', P .. 'alive') == 1 and tonumber(set[at]) ~= asked[name] then
      return { name, set[at] }
    end
  end
  call('HSET', P .. 'settings', 'pages', asked.pages, 'places', asked.places, 'delay', asked.delay)
  renew()
  return {}
end

local step = ARGV[1]
if step == 'add' then return queue(asked) end
if step == 'claim' then return claim() end
if step == 'end' then return finish() end
if step == 'give up' then return give_up(row(asked.page).host, asked.reason) end
if step == 'renew' then return renew() end
if step == 'again' then return again() end
if step == 'open' then return open() end
if step == 'leave' then return bury(process) end
