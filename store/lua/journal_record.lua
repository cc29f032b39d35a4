-- journal_record writes a step's line into the journal, under a worker's claim.
--
-- KEYS  1-5 as in lib.lua  6 req:<id>:steps  7 leases
-- ARGV  1-6 as in lib.lua  7 epoch  8 worker  9 step  10 the line  11 1 if the step is done, else 0
--
-- missing, newer, fenced
-- conflict  the request is no longer at that version
local done = again(KEYS[1]) or unusable(KEYS[4], ARGV[5]) or fenced(KEYS[4], KEYS[7], ARGV[4], ARGV[7], ARGV[8])
if done then return done end
if redis.call('HGET', KEYS[4], 'version') ~= ARGV[6] then return {'conflict'} end
local head = moved()
if head then return head end

record()
redis.call('HSET', KEYS[6], ARGV[9], ARGV[10])
if ARGV[11] == '1' then redis.call('HDEL', KEYS[4], 'takeovers') end -- whatever killed workers, it was not this
return {'ok'}
