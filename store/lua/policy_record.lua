-- policy_record writes an entry down if another policy is in force than the last one that was written down.
--
-- KEYS  1-3 as in lib.lua  4 policy
-- ARGV  1-3 as in lib.lua  4 the hash of the policy
--
-- same  it is the last that was written down
local done = again(KEYS[1])
if done then return done end
if redis.call('GET', KEYS[4]) == ARGV[4] then return {'same'} end
local head = moved()
if head then return head end

write()
redis.call('SET', KEYS[4], ARGV[4])
return {'ok'}
