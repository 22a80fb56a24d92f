-- ARGV: clock, aging, the most that may wait in a queue, guard (name tick next; '' for none), then for
-- each job: id, queue, mark, keep_result, spec (task to timeout), tail (from the length of the trace on),
-- start (in:MS or at:MS), unique ("TTL key" or ''), after (ids with a space between).
-- Answers 'ok' and for each job how it went, or why none of them was stored.

-- A new record, in front of and behind keep_result, queue and stamp.
local FRESH, SINCE, UNTRIED = ' 0 - 0 0 ', ' ' .. NOW .. ' ', ' 0 0 '
local MAX_DEPTH, GUARD, EACH = tonumber(ARGV[3]), ARGV[4], 9

-- A job that a schedule sends is taken once: the first server moves the schedule on.
local guard_name, guard_tick, guard_next = match(GUARD, '^(%S+) (%d+) (%d+)$')
if guard_name and redis.call('ZSCORE', P .. 'ticks', guard_name) ~= guard_tick then return { 'stale' } end

-- What few jobs have, `waits` and `slots`, is found by where the job stands in ARGV: a job is then a table of
-- eight fields, and the next larger one costs as much as all the rest of it.
local in_batch, keys, sent, new, answers, waits, slots = {}, {}, {}, {}, {}, {}, {}

-- The other job that owns the key, if any.
local function owner_of(key)
  if keys[key] then return keys[key] end
  local owner = redis.call('GET', key)
  local expires, id = match(owner or '', '^(%d+) (%S+)$')
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
  local id, queue, unique, after = ARGV[at], ARGV[at + 1], ARGV[at + 7], ARGV[at + 8]
  local record, ttl, unique_key, slot = records_of[#answers + 1], nil, nil, nil
  if unique ~= '' then
    ttl, unique_key = match(unique, '^(%d+) (.*)$')
    slot = P .. 'unique:' .. queue .. ':' .. unique_key
  end
  if in_batch[id] or some_known and call('EXISTS', record) == 1 then
    answers[#answers + 1] = 'known'
  elseif slot and owner_of(slot) then
    answers[#answers + 1] = owner_of(slot)
  else
    local due, state = now, 'ready'
    if after ~= '' then
      local blockers, missing = blockers_of(after)
      if not blockers then return { 'unknown', id, missing } end
      if #blockers > 0 then waits[at], state = blockers, 'blocked' end
    end
    if ARGV[at + 6] ~= 'in:0' then
      local how, start = match(ARGV[at + 6], '^(%a+):(%-?%d+)$')
      due = how == 'in' and now + start or tonumber(start)
    end
    new[#new + 1] = { at = at, id = id, key = record, queue = queue, priority = sub(ARGV[at + 2], 2),
      due = due, state = state, stamp = 0 }
    answers[#answers + 1] = 'new'
    in_batch[id] = 'waiting'
    if slot then keys[slot], slots[at] = id, { slot, ttl, unique_key } end
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
  if job.state == 'blocked' then
    for _, parent in ipairs(waits[job.at]) do call('RPUSH', P .. 'kids:' .. parent, id) end
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
  local at = job.at
  if waits[at] then call('HSET', MORE .. job.id, 'due', int(job.due), 'blockers', #waits[at]) end
  if slots[at] then
    local slot, ttl, unique_key = unpack(slots[at])
    call('HSET', MORE .. job.id, 'unique', unique_key)
    call('SET', slot, int(now + ttl) .. ' ' .. job.id, 'PX', math.max(1, ttl))
  end
  local end_ = #records
  records[end_ + 1] = job.key
  records[end_ + 2] = job.state .. ' ' .. ARGV[at + 2] .. FRESH .. ARGV[at + 3] .. ' ' .. job.queue .. ' '
    .. int(job.stamp) .. UNTRIED .. ARGV[at + 4] .. SINCE .. ARGV[at + 5]
end
if #records > 0 then call('MSET', unpack(records)) end
for _, blockers in pairs(waits) do
  for _, parent in ipairs(blockers) do note(load(parent), 'kids', '1') end
end
if guard_name then redis.call('ZADD', P .. 'ticks', guard_next, guard_name) end
finish_script()
return { 'ok', answers }
