ALTER TABLE "organizations" ADD COLUMN "active_runtimes" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
UPDATE "organizations" SET "active_runtimes" = (
	SELECT count(*) FROM "runtimes"
	WHERE "organization_id" = "organizations"."id" AND "state" NOT IN ('stopped', 'failed')
);--> statement-breakpoint
-- Takes a place for one more active runtime, or refuses: of those that come at once each sees what
-- the one before it left.
CREATE OR REPLACE FUNCTION "take_runtime_quota"("organization" uuid, "most" integer) RETURNS uuid LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	UPDATE "organizations" SET "active_runtimes" = "active_runtimes" + 1
	WHERE "id" = "organization" AND "active_runtimes" < coalesce("max_runtimes", "most");
	IF NOT FOUND THEN
		RAISE EXCEPTION 'too many active runtimes' USING ERRCODE = 'check_violation', CONSTRAINT = 'runtimes_quota';
	END IF;
	RETURN "organization";
END
$$;
