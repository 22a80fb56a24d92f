-- ARGV: clock, aging, id. Answers what that did.

local job = load(ARGV[3])
if not job then return 'unknown' end
if job.state == 'completed' or job.state == 'dead' or job.state == 'canceled' then return 'too_late' end
if job.state == 'running' then
  note(job, 'cancel', '1')
  bells.cancel = true
  finish_script()
  return 'requested'
end
local place = job.state == 'ready' and 'ready:' .. job.queue or 'delayed'
cancel_job(job)
redis.call('ZREM', P .. place, job.id)
finish_script()
return 'canceled'
