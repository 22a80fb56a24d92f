-- ARGV: clock, aging, the most that may wait in a queue, guard (name tick next; '' for none), then for
-- each job: id, queue, priority, spec without the time, payload, start (in:MS or at:MS),
-- unique ("TTL key" or ''), trace, after (ids with a space between).
-- Answers 'ok' and for each job how it went, or why none of them was stored.

local MAX_DEPTH, GUARD, EACH = tonumber(ARGV[3]), ARGV[4], 9

-- A job that a schedule sends is taken once: the first server moves the schedule on.
local guard_name, guard_tick, guard_next = string.match(GUARD, '^(%S+) (%d+) (%d+)$')
if guard_name and redis.call('ZSCORE', P .. 'ticks', guard_name) ~= guard_tick then return { 'stale' } end

local in_batch, keys, sent, new, answers, NO_BLOCKERS = {}, {}, {}, {}, {}, {}

-- The other job that owns the key, if any.
local function owner_of(key)
  if keys[key] then return keys[key] end
  local owner = redis.call('GET', key)
  local expires, id = string.match(owner or '', '^(%d+) (%S+)$')
  if expires and tonumber(expires) > now then return id end
end

-- Which jobs have to complete first; nil and an id if one is not known.
local function blockers_of(after)
  local blockers = {}
  for parent in string.gmatch(after, '%S+') do
    local state = in_batch[parent]
    if not state then
      local job = load(parent)
      state = job and job.state
    end
    if not state or state == 'canceled' then return nil, parent end
    if state ~= 'completed' then blockers[#blockers + 1] = parent end
  end
  return blockers
end

-- Ids are new but for a call that is sent again, and one question tells that of all of them.
local records_of = {}
for at = 5, #ARGV, EACH do records_of[#records_of + 1] = JOB .. ARGV[at] end
local some_known = #records_of > 0 and call('EXISTS', unpack(records_of)) > 0

-- First look: nothing is written until everything is known to fit.
for at = 5, #ARGV, EACH do
  local id, queue, unique, after = ARGV[at], ARGV[at + 1], ARGV[at + 6], ARGV[at + 8]
  local record, ttl, key, slot = records_of[#answers + 1], nil, nil, nil
  if unique ~= '' then
    ttl, key = match(unique, '^(%d+) (.*)$')
    slot = P .. 'unique:' .. queue .. ':' .. key
  end
  if in_batch[id] or some_known and call('EXISTS', record) == 1 then
    answers[#answers + 1] = 'known'
  elseif slot and owner_of(slot) then
    answers[#answers + 1] = owner_of(slot)
  else
    local blockers, missing = NO_BLOCKERS, nil
    if after ~= '' then blockers, missing = blockers_of(after) end
    if not blockers then return { 'unknown', id, missing } end
    local due = now
    if ARGV[at + 5] ~= 'in:0' then
      local how, start = match(ARGV[at + 5], '^(%a+):(%-?%d+)$')
      due = how == 'in' and now + start or tonumber(start)
    end
    new[#new + 1] = { at = at, id = id, key = record, queue = queue, priority = ARGV[at + 2], blockers = blockers,
      due = due, unique = key, slot = slot, ttl = ttl, state = 'ready', stamp = 0 }
    answers[#answers + 1] = 'new'
    in_batch[id] = 'waiting'
    if slot then keys[slot] = id end
    sent[queue] = (sent[queue] or 0) + 1
  end
end

for queue, number in pairs(sent) do
  local depth = 0
  for _, waiting in ipairs(redis.call('HMGET', P .. 'counts:' .. queue, 'ready0', 'ready1', 'ready2', 'ready3',
    'ready4', 'ready5', 'ready6', 'ready7', 'ready8', 'ready9', 'delayed', 'blocked')) do
    depth = depth + (waiting or 0)
  end
  if depth + number > MAX_DEPTH then return { 'full', queue, int(depth), int(number) } end
end

-- Where each job waits.
local lines, delayed, earliest = {}, {}, math.huge
for _, job in ipairs(new) do
  local id, queue = job.id, job.queue
  if #job.blockers > 0 then
    job.state = 'blocked'
    for _, parent in ipairs(job.blockers) do call('RPUSH', P .. 'kids:' .. parent, id) end
  elseif job.due > now then
    job.state = 'delayed'
    earliest = math.min(earliest, job.due)
    delayed[#delayed + 1] = int(job.due)
    delayed[#delayed + 1] = id
  else
    job.stamp, filled[queue] = next_stamp(), true
    local line = lines[queue] or {}
    lines[queue] = line
    line[#line + 1] = rank(job.stamp, job.priority)
    line[#line + 1] = id
  end
  count_place(job, 1)
  count(queue, 'enqueued', 1)
end
for queue, line in pairs(lines) do in_pieces('ZADD', P .. 'ready:' .. queue, line) end
if #delayed > 0 then
  local first = redis.call('ZRANGE', P .. 'delayed', 0, 0, 'WITHSCORES')
  if not first[2] or tonumber(first[2]) > earliest then bells.due = true end
  in_pieces('ZADD', P .. 'delayed', delayed)
end

-- The records; before each, what few jobs have besides.
local records = {}
for _, job in ipairs(new) do
  local at, more, trace, payload = job.at, '-', ARGV[job.at + 7], ARGV[job.at + 4]
  if job.state == 'blocked' then
    more = '+'
    call('HSET', MORE .. job.id, 'due', int(job.due), 'blockers', #job.blockers)
  end
  if job.slot then
    more = '+'
    call('HSET', MORE .. job.id, 'unique', job.unique)
    call('SET', job.slot, int(now + job.ttl) .. ' ' .. job.id, 'PX', math.max(1, job.ttl))
  end
  local end_ = #records
  records[end_ + 1] = job.key
  records[end_ + 2] = job.state .. ' ' .. int(job.stamp) .. ' 0 0 0 - 0 0 ' .. more .. '\n'
    .. ARGV[at + 3] .. ' ' .. NOW .. ' ' .. #trace .. ' ' .. #payload .. '\n' .. trace .. payload
end
if #records > 0 then call('MSET', unpack(records)) end
for _, job in ipairs(new) do
  for _, parent in ipairs(job.blockers) do note(load(parent), 'kids', '1') end
end
if guard_name then redis.call('ZADD', P .. 'ticks', guard_next, guard_name) end
finish_script()
return { 'ok', answers }
