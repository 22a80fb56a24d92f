-- One job's record, and the moves that several scripts make.

local AGING, MAX_HISTORY = tonumber(ARGV[2]), 20

-- nil if the text is no record.
local function parse(id, text)
  local state, more, priority, token, worker, claimed, ended, keep, queue, stamp, failures, recoveries, at =
    match(text, '^(%a+) ([+-])(%d) (%d+) (%S+) (%d+) (%d+) (%d+) (%S+) (%d+) (%d+) (%d+) ()')
  if not state then return nil end
  local max_age, enqueued = match(text, '^%S+ %d+ (%-?%d+) %d+ (%d+) %d+ %d+\n', at)
  if not max_age then return nil end
  return { id = id, state = state, stamp = stamp, token = token, failures = failures, recoveries = recoveries,
    worker = worker, claimed = claimed, ended = ended, more = more, queue = queue, priority = priority,
    max_age = max_age, keep = keep, enqueued = enqueued, rest = sub(text, at) }
end

-- The job of a record, if it is one; nil also for one that should have expired.
local function read(id, text)
  local job = text and parse(id, text)
  if not job then return nil end
  local ended = job.state == 'completed' or job.state == 'canceled'
  if ended and tonumber(job.ended) + tonumber(job.keep) <= now then return nil end
  if job.more == '+' then
    local found = call('HMGET', MORE .. id, 'cancel', 'kids', 'awaited')
    job.cancel, job.kids, job.awaited = found[1], found[2], found[3]
  end
  return job
end

-- MGET, since it passes over what is no string.
local function load(id) return read(id, call('MGET', JOB .. id)[1]) end

local function record_of(job, result)
  return job.state .. ' ' .. job.more .. job.priority .. ' ' .. job.token .. ' ' .. job.worker .. ' '
    .. job.claimed .. ' ' .. job.ended .. ' ' .. job.keep .. ' ' .. job.queue .. ' ' .. job.stamp .. ' '
    .. job.failures .. ' ' .. job.recoveries .. ' ' .. job.rest .. (result or '')
end

-- Fields beside the record, which from then on says that there are some.
local function note(job, ...)
  call('HSET', MORE .. job.id, ...)
  if job.more == '+' then return end
  job.more = '+'
  call('SET', JOB .. job.id, record_of(job), 'KEEPTTL')
end

-- Jobs that have ended well are not counted as being anywhere.
local function count_place(job, change)
  if job.state == 'ready' then
    count(job.queue, 'ready' .. job.priority, change)
  elseif job.state ~= 'completed' and job.state ~= 'canceled' then
    count(job.queue, job.state, change)
  end
end

local function move(job, state)
  count_place(job, -1)
  job.state = state
  count_place(job, 1)
end

-- Notes the new state in the counts and in the record; the last step of every move.
local function enter(job, state, ...)
  move(job, state)
  if select('#', ...) > 0 then
    job.more = '+'
    call('HSET', MORE .. job.id, ...)
  end
  call('SET', JOB .. job.id, record_of(job))
end

local function rank(stamp, priority) return stamp - priority * AGING end

-- To its old place in line.
local function put_back(job, ...)
  redis.call('ZADD', P .. 'ready:' .. job.queue, rank(job.stamp, job.priority), job.id)
  filled[job.queue] = true
  enter(job, 'ready', ...)
end

-- To the end of the line.
local function make_ready(job, ...)
  job.stamp = int(next_stamp())
  put_back(job, ...)
end

local function delay(job, due, ...)
  local first = redis.call('ZRANGE', P .. 'delayed', 0, 0, 'WITHSCORES')
  if not first[2] or tonumber(first[2]) > due then bells.due = true end
  redis.call('ZADD', P .. 'delayed', int(due), job.id)
  enter(job, 'delayed', ...)
end

local function start_when_due(job, due, ...)
  if due <= now then make_ready(job, ...) else delay(job, due, ...) end
end

local function tell_end(job)
  if job.awaited then awaited[#awaited + 1] = job.id end
end

local function bury(job, reason, counter)
  redis.call('ZADD', P .. 'dead:' .. job.queue, int(next_stamp()), job.id)
  enter(job, 'dead', 'error', reason)
  count(job.queue, 'died', 1)
  if counter then count(job.queue, counter, 1) end
  tell_end(job)
end

-- Adds the attempt that ends now to the history, and returns how it is written.
local function history(job, how, problem)
  local line = cjson.encode({ worker = job.worker, started_at = tonumber(job.claimed), ended_at = now,
    ['end'] = how, error = problem or cjson.null })
  local lines = {}
  local before = job.more == '+' and call('HGET', MORE .. job.id, 'history') or ''
  for old in string.gmatch(before, '[^\n]+') do
    lines[#lines + 1] = old
  end
  lines[#lines + 1] = line
  return table.concat(lines, '\n', math.max(1, #lines - MAX_HISTORY + 1))
end

-- The jobs that wait for `parent` wait for one less, or (with `why`) will never start.
-- At most 100 of them; upkeep goes on where this stops.
local function follow(parent, why)
  local kids = redis.call('LPOP', P .. 'kids:' .. parent, 100) or {}
  for _, id in ipairs(kids) do
    local kid = load(id)
    if kid and kid.state == 'blocked' then
      if why then
        bury(kid, 'job ' .. parent .. ', which it waits for, ' .. why)
      elseif call('HINCRBY', MORE .. id, 'blockers', -1) == 0 then
        start_when_due(kid, tonumber(call('HGET', MORE .. id, 'due') or '0'))
      end
    end
  end
  local todo = parent .. ' ' .. (why or '')
  if #kids == 100 then
    redis.call('SADD', P .. 'followers', todo)
    bells.due = true
  else
    redis.call('SREM', P .. 'followers', todo)
  end
end

-- Ended for good: the record stays for as long as the result is wanted.
local function conclude(job, state, result)
  move(job, state)
  if job.keep == '0' then
    call('DEL', JOB .. job.id, MORE .. job.id)
  else
    job.ended = NOW
    call('SET', JOB .. job.id, record_of(job, result), 'PX', job.keep)
    if job.more == '+' then call('PEXPIRE', MORE .. job.id, job.keep) end
  end
  count(job.queue, state, 1)
  tell_end(job)
end

local function cancel_job(job, past)
  if job.worker == '-' and job.more == '+' then
    local key = call('HGET', MORE .. job.id, 'unique')
    local owner = key and call('GET', P .. 'unique:' .. job.queue .. ':' .. key)
    if owner and sub(owner, -#job.id) == job.id then
      call('DEL', P .. 'unique:' .. job.queue .. ':' .. key)
    end
  end
  if past then note(job, 'history', past) end
  conclude(job, 'canceled')
  if job.kids then follow(job.id, 'was canceled') end
end
