-- Deferred: a version and the profile that begins from it are written by one statement.
ALTER TABLE "browser_profiles" ADD CONSTRAINT "browser_profiles_current_version"
	FOREIGN KEY ("id", "current_version") REFERENCES "profile_versions" ("profile_id", "version")
	DEFERRABLE INITIALLY DEFERRED;
