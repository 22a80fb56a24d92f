-- What all scripts share. KEYS[1] is the prefix of all keys, "{namespace}:": one hash tag, so one slot of a
-- cluster. ARGV[1] is added to the clock (microseconds; tests move it, a server sends 0).
--
--   job:ID        the record: a line, then trace, payload and result with nothing between them
--                 state mark token worker claimed_at ended_at keep_result queue stamp failures recoveries
--                 task max_attempts max_age timeout enqueued_at #trace #payload
--                 One string, so that one command reads the records of a whole batch, and one writes them;
--                 what a claim and an end need comes first, so that most of them read no further.
--                 The mark is the priority, after - for a plain job: no maximum age, nothing beside the record.
--                 After + there may be either.
--   more:ID       hash, what few jobs have beside the record: unique, due, blockers, cancel, kids, awaited,
--                 progress, error, history
--   ready:QUEUE   sorted set: when a job became ready (microseconds) minus priority x aging
--   delayed       sorted set: when a job falls due
--   leases        sorted set: when a lease ends
--   dead:QUEUE    sorted set: when a job died (microseconds)
--   kids:ID       list: jobs that wait for this one      followers  set: lists that upkeep has to go on with
--   unique:Q:KEY  "expires_at ID"                        counts:Q   hash: gauges, counters, paused
--   queues        set of names                           idle       set: queues that a worker found empty
--   deaths        sorted set of queues: their dead letters
--   stamp         the last stamp given out
--   schedules, ticks, workers, worker_ends: hashes by name, and sorted sets by time
--
-- Times are milliseconds since 1970 where nothing else is said.
-- A script that fails half-way is not undone. So each looks first and writes afterwards; and where it
-- writes, a job stands in its new place before it leaves the old one, and its record is written last.

local call, match, sub, P = redis.call, string.match, string.sub, KEYS[1]
local JOB, MORE = P .. 'job:', P .. 'more:'
local clock = redis.call('TIME')
local micros = clock[1] * 1000000 + clock[2] + ARGV[1]
local now = math.floor(micros / 1000)

-- %d takes a third of the time, but has 32 bits where Redis was built for them.
local DIGITS = string.format('%d', 2 ^ 40) == '1099511627776' and '%d' or '%.0f'
local function int(number) return string.format(DIGITS, number) end
local NOW = int(now)

-- A later stamp than all before it, even when the clock does not advance or is set back.
local last_stamp, first_stamp
local function next_stamp()
  if not last_stamp then
    first_stamp = tonumber(redis.call('GET', P .. 'stamp') or '0')
    last_stamp = first_stamp
  end
  last_stamp = math.max(micros, last_stamp + 1)
  return last_stamp
end

-- What changes in the counts, written at the end: counts[queue][name].
local counts = {}
local function count(queue, name, change)
  local of = counts[queue]
  if not of then of = {}; counts[queue] = of end
  of[name] = (of[name] or 0) + change
end

-- The bells to ring, at the end: who is asleep does not have to poll.
local awaited, bells, filled = {}, {}, {}

local function finish_script()
  if last_stamp ~= first_stamp then redis.call('SET', P .. 'stamp', int(last_stamp)) end
  for queue, of in pairs(counts) do
    for name, change in pairs(of) do
      if change ~= 0 then
        local total = redis.call('HINCRBY', P .. 'counts:' .. queue, name, int(change))
        if name == 'dead' then redis.call('ZADD', P .. 'deaths', total, queue) end
        if name == 'enqueued' and total == change then redis.call('SADD', P .. 'queues', queue) end
      end
    end
  end
  for queue in pairs(filled) do
    if redis.call('SREM', P .. 'idle', queue) == 1 then bells.ready = true end
  end
  for bell in pairs(bells) do redis.call('PUBLISH', P .. 'bell', bell) end
  if #awaited > 0 then redis.call('PUBLISH', P .. 'bell', 'ended ' .. table.concat(awaited, ' ')) end
end

-- A call with many arguments, in pieces that fit on Lua's stack.
local function in_pieces(command, key, arguments)
  for first = 1, #arguments, 1000 do
    redis.call(command, key, unpack(arguments, first, math.min(first + 999, #arguments)))
  end
end
