-- ARGV: clock, aging, length of the lease, then for each heartbeat id, token and progress (JSON or '').
-- Answers for each 0 (lost), 1 (held) or 2 (held, to be canceled).

local UNTIL = int(now + ARGV[3])
local answers, leases = {}, {}
for at = 4, #ARGV, 3 do
  local id = ARGV[at]
  local job = load(id)
  if job and job.state == 'running' and job.token == ARGV[at + 1] then
    leases[#leases + 1] = UNTIL
    leases[#leases + 1] = id
    if ARGV[at + 2] ~= '' then note(job, 'progress', ARGV[at + 2]) end
    answers[#answers + 1] = job.cancel and 2 or 1
  else
    answers[#answers + 1] = 0
  end
end
in_pieces('ZADD', P .. 'leases', leases)
return answers
