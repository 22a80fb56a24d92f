-- ARGV: clock, aging, then for each lease id, token, outcome, text (result or error) and delay.
-- Answers for each what became of the job.

local gone = {}

-- What became of a job whose lease ended before: the token says that it was this one.
local function answer_again(job, outcome)
  if job.state == 'completed' or job.state == 'dead' or job.state == 'canceled' then return job.state end
  return outcome == 'released' and 'released' or 'retrying'
end

local function complete(job, result)
  if job.more == '+' then call('HDEL', MORE .. job.id, 'error') end
  conclude(job, 'completed', result)
  if job.kids then follow(job.id) end
  return 'completed'
end

local function fail(job, outcome, problem, after)
  job.failures = int(job.failures + 1)
  note(job, 'history', history(job, 'failed', problem))
  if outcome == 'retry' and job.cancel then
    cancel_job(job)
    return 'canceled'
  end
  local due = now + after
  local max_attempts = match(job.rest, '^%S+ (%d+)')
  if outcome == 'dead' or tonumber(job.failures) >= tonumber(max_attempts) then
    bury(job, problem)
    return 'dead'
  end
  if job.max_age ~= '-1' and job.enqueued + job.max_age < due then
    bury(job, 'its maximum age passes before the next attempt; ' .. problem, 'expired')
    return 'dead'
  end
  start_when_due(job, due, 'error', problem)
  count(job.queue, 'retried', 1)
  return 'retrying'
end

local function finish(job, outcome, text, after)
  if outcome == 'completed' then return complete(job, text) end
  if outcome == 'retry' or outcome == 'dead' then return fail(job, outcome, text, after) end
  if outcome == 'canceled' or job.cancel then
    cancel_job(job, history(job, 'canceled'))
    return 'canceled'
  end
  put_back(job, 'history', history(job, 'released'))
  count(job.queue, 'released', 1)
  return 'released'
end

-- The common case, for which nothing else of the record is read: a plain job of this token that runs, and
-- whose result is kept.
local completed = {}
local function complete_plain(id, text, token, result)
  local held, at, keep, queue = match(text or '', '^running %-%d (%d+) %S+ %d+ ()0 ([1-9]%d*) (%S+) ')
  if held ~= token then return false end
  local record = 'completed' .. sub(text, 8, at - 1) .. NOW .. sub(text, at + 1) .. result
  call('PSETEX', JOB .. id, keep, record)
  completed[queue] = (completed[queue] or 0) + 1
  return true
end

-- All records in one go. Within this call, a running job is changed only by its own end; should that be
-- told twice, the second looks again.
local keys, texts, answers = {}, {}, {}
for at = 3, #ARGV, 5 do keys[#keys + 1] = JOB .. ARGV[at] end
local found = #keys > 0 and call('MGET', unpack(keys)) or {}
for at, text in ipairs(found) do texts[ARGV[5 * at - 2]] = text end

-- ANCHOR: answers
for at = 3, #ARGV, 5 do
  local id, token, outcome, result = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local text = texts[id]
  texts[id] = nil
  if outcome == 'completed' and complete_plain(id, text, token, result) then
    answers[#answers + 1] = 'completed'
    gone[#gone + 1] = id
  else
    local job
    if text ~= nil then job = read(id, text) else job = load(id) end
    if not job or job.token ~= token then
      answers[#answers + 1] = 'lease_lost'
    elseif job.state ~= 'running' then
      answers[#answers + 1] = answer_again(job, outcome)
    else
      answers[#answers + 1] = finish(job, outcome, result, tonumber(ARGV[at + 4]))
      gone[#gone + 1] = id
    end
  end
end
for queue, number in pairs(completed) do
  count(queue, 'running', -number)
  count(queue, 'completed', number)
end
in_pieces('ZREM', P .. 'leases', gone)
finish_script()
return answers
-- ANCHOR_END: answers
