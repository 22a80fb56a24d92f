-- ARGV: clock, aging, the most of each kind, the most lost workers of a job, the most dead letters of a queue,
-- the longest wait of a job that was lost before, the longest lease.
-- Answers recovered, poisoned, promoted, expired, milliseconds until the next round, now, whether the clock was
-- set back, and of each schedule that is due its definition and its tick.

local LIMIT, MAX_RECOVERIES, MAX_DEAD = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local SPREAD, LONGEST = tonumber(ARGV[6]), tonumber(ARGV[7])
local LOST = 'its worker was lost: no heartbeat before the lease ended'
local recovered, poisoned, promoted, expired, more = 0, 0, 0, 0, false

local function due(key)
  local found = redis.call('ZRANGEBYSCORE', P .. key, '-inf', int(now), 'LIMIT', 0, LIMIT)
  more = more or #found == LIMIT
  return found
end

-- See `spread` in lease.rs, which says the same.
local function spread(job)
  if tonumber(job.recoveries) < 2 then return 0 end
  local part = tonumber(sub(job.id, -4), 16) * (40503 + 2 * job.recoveries) % 65536
  return math.floor(SPREAD * part / 65536)
end

local function recover(job)
  job.token = int(job.token + 1)
  job.recoveries = int(job.recoveries + 1)
  local past = history(job, 'lost')
  if job.cancel then
    cancel_job(job, past)
  elseif tonumber(job.recoveries) > MAX_RECOVERIES then
    note(job, 'history', past)
    bury(job, LOST .. ', ' .. job.recoveries .. ' times', 'poisoned')
    poisoned = poisoned + 1
    return
  else
    local wait = spread(job)
    if wait > 0 then delay(job, now + wait, 'history', past) else put_back(job, 'history', past) end
  end
  count(job.queue, 'recovered', 1)
  recovered = recovered + 1
end

local lost = due('leases')
-- Those that end later than any lease can: the clock was ahead when they were claimed.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'leases', '(' .. int(now + LONGEST), '+inf', 'LIMIT', 0, LIMIT)) do
  lost[#lost + 1] = id
end
for _, id in ipairs(lost) do
  local job = load(id)
  if job and job.state == 'running' then recover(job) end
end
in_pieces('ZREM', P .. 'leases', lost)

local ripe = due('delayed')
for _, id in ipairs(ripe) do
  local job = load(id)
  if job and job.state == 'delayed' then
    make_ready(job)
    promoted = promoted + 1
  end
end
in_pieces('ZREM', P .. 'delayed', ripe)

-- Long lists of followers, a piece at a time.
for _, todo in ipairs(redis.call('SRANDMEMBER', P .. 'followers', 10)) do
  local parent, why = match(todo, '^(%S+) (.*)$')
  follow(parent, why ~= '' and why or nil)
  more = true
end

local silent = due('worker_ends')
for _, worker in ipairs(silent) do redis.call('HDEL', P .. 'workers', worker) end
in_pieces('ZREM', P .. 'worker_ends', silent)
expired = expired + #silent

local crowded = redis.call('ZRANGEBYSCORE', P .. 'deaths', '(' .. MAX_DEAD, '+inf', 'WITHSCORES', 'LIMIT', 0, 10)
for at = 1, #crowded, 2 do
  local queue, above = crowded[at], crowded[at + 1] - MAX_DEAD
  local oldest = redis.call('ZRANGE', P .. 'dead:' .. queue, 0, math.min(above, LIMIT) - 1)
  expired = expired + purge(queue, oldest)
  more = more or above > LIMIT or #crowded == 20
end

local ticks = redis.call('ZRANGEBYSCORE', P .. 'ticks', '-inf', int(now), 'WITHSCORES', 'LIMIT', 0, LIMIT)
local wait, timed = more and 0 or 1000, false
for _, key in ipairs({ 'leases', 'delayed', 'ticks' }) do
  local first = redis.call('ZRANGEBYSCORE', P .. key, '(' .. int(now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if first[2] then wait, timed = math.min(wait, first[2] - now), true end
end
-- With nothing that runs out, a bell says when to come; without a bell, this.
if wait > 0 and not timed then wait = 3600000 end
local behind = tonumber(redis.call('GET', P .. 'stamp') or '0') > micros + 1000000 and 1 or 0
finish_script()
local planned = {}
for at = 1, #ticks, 2 do
  planned[#planned + 1] = { redis.call('HGET', P .. 'schedules', ticks[at]) or '', ticks[at + 1] }
end
return { recovered, poisoned, promoted, expired, wait, now, behind, planned }
