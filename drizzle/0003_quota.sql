-- Takes a place for one more active runtime, or refuses. The organization's row is locked first, and
-- each statement of a volatile function sees what was committed before it: of concurrent creates no
-- more pass than there is room for.
CREATE FUNCTION "take_runtime_quota"("organization" uuid, "most" integer) RETURNS uuid LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	"own" integer;
BEGIN
	SELECT "max_runtimes" INTO "own" FROM "organizations" WHERE "id" = "organization" FOR NO KEY UPDATE;
	IF (
		SELECT count(*) FROM "runtimes"
		WHERE "organization_id" = "organization" AND "state" NOT IN ('stopped', 'failed')
	) >= coalesce("own", "most") THEN
		RAISE EXCEPTION 'too many active runtimes' USING ERRCODE = 'check_violation', CONSTRAINT = 'runtimes_quota';
	END IF;
	RETURN "organization";
END
$$;--> statement-breakpoint
-- The keys that a service made for whoever runs it.
UPDATE "api_keys" SET "is_admin" = true
WHERE "name" IN ('first', 'BCTRL_API_KEY') AND "organization_id" = (
	SELECT "id" FROM "organizations" ORDER BY "created_at", "id" LIMIT 1
);
