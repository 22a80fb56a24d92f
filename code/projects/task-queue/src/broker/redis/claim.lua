-- ARGV: clock, aging, worker, the most jobs, length of the lease, queues.
-- Answers 1 if there may be more, then for each lease id and record.

local WORKER, MAX, UNTIL = ARGV[3], tonumber(ARGV[4]), int(now + ARGV[5])
local MICROS = int(micros)
-- What the record of a plain job says of its new lease.
local LEASED = ' ' .. MICROS .. ' ' .. WORKER .. ' ' .. NOW .. ' '
local EXPIRED = 'its maximum age passed before it could start'
-- Jobs that are too old cost work too: after so many, the caller asks again.
local looks = MAX + 100

local answer = { 0 }

-- The new record of a job that is not plain, or has a token from a clock that was ahead; nil if it cannot run.
local function lease(id, text)
  local job = read(id, text)
  if not job then return nil end
  if job.max_age ~= '-1' and job.enqueued + job.max_age < now then
    bury(job, EXPIRED, 'expired')
    return nil
  end
  job.token = micros > tonumber(job.token) and MICROS or int(job.token + 1)
  job.worker, job.claimed = WORKER, NOW
  move(job, 'running')
  if job.more == '+' then call('HDEL', MORE .. id, 'progress') end
  return record_of(job)
end

local function claim_from(queue, ids)
  local keys, leases, records, plain, taken = {}, {}, {}, {}, 0
  for at, id in ipairs(ids) do keys[at] = JOB .. id end
  local texts = call('MGET', unpack(keys))
  for at, id in ipairs(ids) do
    local text, record = texts[at], nil
    local mark, token, rest = match(text or '', '^ready (%-%d) (%d+) %S+ %d+ ()')
    if mark and tonumber(token) < micros then
      record = 'running ' .. mark .. LEASED .. sub(text, rest)
      plain[mark] = (plain[mark] or 0) + 1
    else
      record = lease(id, text)
    end
    if record then
      local even = 2 * taken
      taken = taken + 1
      leases[even + 1], leases[even + 2] = UNTIL, id
      records[even + 1], records[even + 2] = keys[at], record
      even = #answer
      answer[even + 1], answer[even + 2] = id, record
    end
  end
  for mark, number in pairs(plain) do
    count(queue, 'ready' .. sub(mark, 2), -number)
    count(queue, 'running', number)
  end
  in_pieces('ZADD', P .. 'leases', leases)
  if taken > 0 and call('ZCARD', P .. 'leases') == taken then bells.leased = true end
  if taken > 0 then call('MSET', unpack(records)) end
  -- What is no job is no longer in line either.
  in_pieces('ZREM', P .. 'ready:' .. queue, ids)
  return taken
end

-- ANCHOR: line
local room = MAX
for at = 6, #ARGV do
  local queue = ARGV[at]
  local paused = redis.call('HGET', P .. 'counts:' .. queue, 'paused') == '1'
  while room > 0 and not paused do
    if looks <= 0 then answer[1] = 1; break end
    local ids = redis.call('ZRANGE', P .. 'ready:' .. queue, 0, math.min(room, looks) - 1)
    looks = looks - #ids
    if #ids == 0 then break end
    room = room - claim_from(queue, ids)
  end
end
-- ANCHOR_END: line

-- Who finds nothing will sleep, and is woken when one of the queues is filled.
if #answer == 1 and answer[1] == 0 then redis.call('SADD', P .. 'idle', unpack(ARGV, 6)) end
finish_script()
return answer
