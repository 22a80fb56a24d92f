-- ARGV: clock, aging, worker, the most jobs, length of the lease, queues.
-- Answers 1 if there may be more, then for each lease id, spec, payload, run and trace.

local WORKER, MAX, UNTIL = ARGV[3], tonumber(ARGV[4]), int(now + ARGV[5])
local EXPIRED = 'its maximum age passed before it could start'
-- Jobs that are too old cost work too: after so many, the caller asks again.
local looks = MAX + 100

local answer = { 0 }

local function lease(job, found, gone)
  job.token = int(math.max(micros, job.token + 1))
  job.worker, job.claimed = WORKER, int(now)
  enter(job, 'running')
  if found[5] then redis.call('HDEL', JOB .. job.id, 'progress') end
  answer[#answer + 1] = job.id
  answer[#answer + 1] = found[1]
  answer[#answer + 1] = found[2]
  answer[#answer + 1] = run_of(job)
  answer[#answer + 1] = found[4] or ''
  gone[#gone + 1] = job.id
end

local function claim_from(queue, ids)
  local leases, old, gone, found = {}, {}, {}, {}
  for _, id in ipairs(ids) do
    local record = redis.pcall('HMGET', JOB .. id, 'spec', 'payload', 'run', 'trace', 'progress', 'awaited')
    if record.err or not record[1] or not record[3] then
      -- What is no job is no longer in line.
      gone[#gone + 1] = id
    else
      local job = parse(id, record[1], record[3])
      job.awaited = record[6]
      if job.max_age ~= '-1' and job.enqueued + job.max_age < now then
        old[#old + 1] = job
      else
        leases[#leases + 1] = UNTIL
        leases[#leases + 1] = id
        found[#found + 1] = { job, record }
      end
    end
  end
  in_pieces('ZADD', P .. 'leases', leases)
  for _, each in ipairs(found) do lease(each[1], each[2], gone) end
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
