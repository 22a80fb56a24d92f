-- One job's record, and the moves that several scripts make.

local AGING, MAX_HISTORY = tonumber(ARGV[2]), 20

local function parse(id, spec, run)
  local job = { id = id, spec = spec }
  job.queue, job.task, job.priority, job.max_attempts, job.max_age, job.timeout, job.keep, job.enqueued =
    string.match(spec, '^(%S+) (%S+) (%d+) (%d+) (%-?%d+) (%d+) (%d+) (%d+)$')
  job.state, job.stamp, job.token, job.failures, job.recoveries, job.worker, job.claimed, job.ended =
    string.match(run, '^(%S+) (%d+) (%d+) (%d+) (%d+) (%S+) (%d+) (%d+)$')
  return job
end

-- nil if there is no such job, or what is there is none.
local function load(id)
  local found = redis.pcall('HMGET', JOB .. id, 'spec', 'run', 'cancel', 'kids', 'awaited')
  if found.err or not found[1] or not found[2] then return nil end
  local job = parse(id, found[1], found[2])
  job.cancel, job.kids, job.awaited = found[3], found[4], found[5]
  local ended = job.state == 'completed' or job.state == 'canceled'
  if ended and tonumber(job.ended) + tonumber(job.keep) <= now then return nil end
  return job
end

local function run_of(job)
  return table.concat({ job.state, job.stamp, job.token, job.failures, job.recoveries, job.worker,
    job.claimed, job.ended }, ' ')
end

-- Jobs that have ended well are not counted as being anywhere.
local function count_place(job, change)
  if job.state == 'ready' then
    count(job.queue, 'ready' .. job.priority, change)
  elseif job.state ~= 'completed' and job.state ~= 'canceled' then
    count(job.queue, job.state, change)
  end
end

-- Notes the new state in the counts and in the record; the last step of every move.
local function enter(job, state, ...)
  count_place(job, -1)
  job.state = state
  count_place(job, 1)
  redis.call('HSET', JOB .. job.id, 'run', run_of(job), ...)
end

local function rank(stamp, priority) return int(stamp - priority * AGING) end

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
  for old in string.gmatch(redis.call('HGET', JOB .. job.id, 'history') or '', '[^\n]+') do
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
      elseif redis.call('HINCRBY', JOB .. id, 'blockers', -1) == 0 then
        start_when_due(kid, tonumber(redis.call('HGET', JOB .. id, 'due') or '0'))
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
local function conclude(job, state, ...)
  if job.keep == '0' then
    count_place(job, -1)
    redis.call('DEL', JOB .. job.id)
  else
    job.ended = int(now)
    enter(job, state, ...)
    redis.call('PEXPIRE', JOB .. job.id, job.keep)
  end
  count(job.queue, state, 1)
  tell_end(job)
end

local function cancel_job(job, ...)
  if job.worker == '-' then
    local key = redis.call('HGET', JOB .. job.id, 'unique')
    local owner = key and redis.call('GET', P .. 'unique:' .. job.queue .. ':' .. key)
    if owner and string.sub(owner, -#job.id) == job.id then
      redis.call('DEL', P .. 'unique:' .. job.queue .. ':' .. key)
    end
  end
  conclude(job, 'canceled', ...)
  if job.kids then follow(job.id, 'was canceled') end
end
