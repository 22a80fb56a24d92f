-- ARGV: clock, aging, worker, the most jobs, length of the lease, queues.
-- Answers 1 if there may be more, then for each lease id and record.

local WORKER, MAX, UNTIL = ARGV[3], tonumber(ARGV[4]), int(now + ARGV[5])
local MICROS = int(micros)
local EXPIRED = 'its maximum age passed before it could start'
-- Jobs that are too old cost work too: after so many, the caller asks again.
local looks = MAX + 100

local answer = { 0 }

local function lease(job, key, records, gone)
  job.token = micros > tonumber(job.token) and MICROS or int(job.token + 1)
  job.worker, job.claimed = WORKER, NOW
  move(job, 'running')
  if job.more == '+' then call('HDEL', MORE .. job.id, 'progress') end
  local record, at = record_of(job), #answer
  answer[at + 1], answer[at + 2] = job.id, record
  at = #records
  records[at + 1], records[at + 2] = key, record
  gone[#gone + 1] = job.id
end

local function claim_from(queue, ids)
  local leases, old, gone, found, held, records, keys = {}, {}, {}, {}, {}, {}, {}
  for at, id in ipairs(ids) do keys[at] = JOB .. id end
  local texts = call('MGET', unpack(keys))
  for at, id in ipairs(ids) do
    local job = read(id, texts[at])
    if not job then
      -- What is no job is no longer in line.
      gone[#gone + 1] = id
    elseif job.max_age ~= '-1' and job.enqueued + job.max_age < now then
      old[#old + 1] = job
    else
      leases[#leases + 1] = UNTIL
      leases[#leases + 1] = id
      found[#found + 1], held[#held + 1] = job, keys[at]
    end
  end
  in_pieces('ZADD', P .. 'leases', leases)
  for at, job in ipairs(found) do lease(job, held[at], records, gone) end
  if #records > 0 then call('MSET', unpack(records)) end
  for _, job in ipairs(old) do
    bury(job, EXPIRED, 'expired')
    gone[#gone + 1] = job.id
  end
  in_pieces('ZREM', P .. 'ready:' .. queue, gone)
  return #found
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

-- Whoever finds nothing will sleep, and is woken when one of the queues is filled.
if #answer == 1 and answer[1] == 0 then redis.call('SADD', P .. 'idle', unpack(ARGV, 6)) end
finish_script()
return answer
